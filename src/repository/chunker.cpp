#include "repository/chunker.h"

#include <algorithm>

namespace bulkhead::repository {
namespace {

constexpr std::size_t kWindowSize = 64;
// Cuts on average after 2^20 bytes beyond the minimum.
constexpr std::uint64_t kCutMask = (std::uint64_t{1} << 20) - 1;
constexpr int kDegree = kChunkerPolynomialDegree;
constexpr int kTopByteShift = kDegree - 8;
constexpr std::size_t kLanes = 8;
// A lane must be worth the 64 bytes that start its fingerprint; and what is searched beyond the end
// of a chunk is searched in vain.
constexpr std::size_t kLaneLengthMin = 512;
constexpr std::size_t kLaneLengthMax = 8 << 10;

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

std::uint64_t Chunker::fingerprint_before(const std::uint8_t* place) const {
  std::uint64_t digest = 0;
  for (const std::uint8_t* byte = place - kWindowSize; byte != place; ++byte) {
    digest = ((digest << 8) | *byte) ^ reduction_[digest >> kTopByteShift];
  }
  return digest;
}

// The first length in [begin, begin + kLanes * lane_length) at which the chunk may end, or the end
// of that range.
std::size_t Chunker::first_cut_in_lanes(const std::uint8_t* bytes, std::size_t begin,
                                        std::size_t lane_length) const {
  std::array<std::uint64_t, kLanes> digests;
  std::array<const std::uint8_t*, kLanes> places;
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    places[lane] = bytes + begin + lane * lane_length;
    digests[lane] = fingerprint_before(places[lane]);
  }
  std::size_t found = begin + kLanes * lane_length;
  for (std::size_t i = 0; i < lane_length; ++i) {
    // The top bit is set where a fingerprint has none of the mask's bits.
    std::uint64_t cuts = 0;
    for (const std::uint64_t digest : digests) cuts |= (digest & kCutMask) - 1;
    if (cuts >> 63) [[unlikely]] {
      for (std::size_t lane = 0; lane < kLanes; ++lane) {
        if (digests[lane] & kCutMask) continue;
        found = std::min(found, begin + lane * lane_length + i);
      }
      // Nothing that comes later in the first lane is nearer.
      if (found < begin + lane_length) return found;
    }
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      const std::uint8_t* const place = places[lane] + i;
      const std::uint64_t digest = digests[lane] ^ leaving_[*(place - kWindowSize)];
      digests[lane] = ((digest << 8) | *place) ^ reduction_[digest >> kTopByteShift];
    }
  }
  return found;
}

// The first length in [begin, end) at which the chunk may end, or `end`. The byte at a place where
// it does not end must be there.
std::size_t Chunker::first_cut(const std::uint8_t* bytes, std::size_t begin,
                               std::size_t end) const {
  while (begin < end) {
    const std::size_t lane_length = std::min((end - begin) / kLanes, kLaneLengthMax);
    if (lane_length < kLaneLengthMin) break;
    const std::size_t stop = begin + kLanes * lane_length;
    const std::size_t found = first_cut_in_lanes(bytes, begin, lane_length);
    if (found < stop) return found;
    begin = stop;
  }
  std::uint64_t digest = fingerprint_before(bytes + begin);
  while (begin < end && (digest & kCutMask) != 0) {
    digest ^= leaving_[bytes[begin - kWindowSize]];
    digest = ((digest << 8) | bytes[begin]) ^ reduction_[digest >> kTopByteShift];
    ++begin;
  }
  return begin;
}

std::optional<std::size_t> Chunker::find_end(ByteView bytes, std::size_t searched) const {
  const std::size_t limit = std::min(bytes.size(), kChunkSizeMax);
  if (limit < kChunkSizeMin) return std::nullopt;
  const std::size_t begin = std::max(searched + 1, kChunkSizeMin);
  if (begin <= limit) {
    const std::size_t found = first_cut(bytes.data(), begin, limit);
    if (found < limit || (fingerprint_before(bytes.data() + limit) & kCutMask) == 0) return found;
  }
  if (limit == kChunkSizeMax) return kChunkSizeMax;
  return std::nullopt;
}

std::size_t Chunker::chunk_length(ByteView bytes) const {
  return find_end(bytes, 0).value_or(std::min(bytes.size(), kChunkSizeMax));
}

}  // namespace bulkhead::repository
