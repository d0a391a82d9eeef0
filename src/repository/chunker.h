// Content-defined chunking with a Rabin fingerprint over the last 64 bytes, cut for cut as
// restic/chunker does, so that both share blobs. The fingerprint starts anew with each chunk; so
// where a chunk ends depends on its own bytes alone, and finding it is a pure function.
//
// Beyond the minimum size, whether a chunk may end somewhere depends on the 64 bytes before that
// place and on nothing else. So the search looks at eight places at once, far from each other: one
// fingerprint is a chain of dependent steps that leaves most of a processor idle, eight fill it.
#pragma once

#include <array>
#include <optional>

#include "base/bytes.h"
#include "repository/polynomial.h"

namespace bulkhead::repository {

inline constexpr std::size_t kChunkSizeMin = 512 << 10;
inline constexpr std::size_t kChunkSizeMax = 8 << 20;

// Immutable after construction; may be shared by threads.
class Chunker {
 public:
  explicit Chunker(Polynomial polynomial);

  // The length of the chunk at the start of `bytes`, which holds kChunkSizeMax bytes of a file or
  // all that is left of it. Not 0 unless `bytes` is empty.
  std::size_t chunk_length(ByteView bytes) const;

  // For bytes that come piece by piece: the length of the chunk at the start of `bytes` where it
  // ends within them. `searched` is how many of them were there, without an end, the last time.
  std::optional<std::size_t> find_end(ByteView bytes, std::size_t searched) const;

 private:
  std::size_t first_cut(const std::uint8_t* bytes, std::size_t begin, std::size_t end) const;
  std::size_t first_cut_in_lanes(const std::uint8_t* bytes, std::size_t begin,
                                 std::size_t lane_length) const;
  std::uint64_t fingerprint_before(const std::uint8_t* place) const;

  std::array<std::uint64_t, 256> leaving_{};    // what a byte that leaves the window takes along
  std::array<std::uint64_t, 256> reduction_{};  // of the byte that grows beyond the degree
};

}  // namespace bulkhead::repository
