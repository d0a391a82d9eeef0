#include "repository/chunker.h"

#include <algorithm>

namespace bulkhead::repository {
namespace {

constexpr std::size_t kWindowSize = 64;
// Cuts on average after 2^20 bytes beyond the minimum.
constexpr std::uint64_t kCutMask = (std::uint64_t{1} << 20) - 1;
constexpr int kDegree = kChunkerPolynomialDegree;
constexpr int kTopByteShift = kDegree - 8;

}  // namespace

Chunker::Chunker(Polynomial polynomial) {
  for (std::uint64_t byte = 0; byte < 256; ++byte) {
    const std::uint64_t beyond = byte << kDegree;
    reduction_[byte] = modulo(beyond, polynomial) | beyond;
  }
  for (std::uint64_t byte = 0; byte < 256; ++byte) {
    std::uint64_t digest = byte;
    for (std::size_t i = 1; i < kWindowSize; ++i) {
      digest = modulo(digest << 8, polynomial);
    }
    leaving_[byte] = digest;
  }
}

std::size_t Chunker::chunk_length(ByteView bytes) const {
  const std::size_t limit = std::min(bytes.size(), kChunkSizeMax);
  if (limit <= kChunkSizeMin) return limit;
  std::uint64_t digest = 0;
  const auto take_in = [&](std::uint8_t byte) {
    digest = ((digest << 8) | byte) ^ reduction_[digest >> kTopByteShift];
  };
  for (std::size_t i = kChunkSizeMin - kWindowSize; i < kChunkSizeMin; ++i) take_in(bytes[i]);
  std::size_t length = kChunkSizeMin;
  while ((digest & kCutMask) != 0 && length < limit) {
    digest ^= leaving_[bytes[length - kWindowSize]];
    take_in(bytes[length]);
    ++length;
  }
  return length;
}

}  // namespace bulkhead::repository
