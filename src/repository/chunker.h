// Content-defined chunking with a Rabin fingerprint over the last 64 bytes, cut for cut as
// restic/chunker does, so that both share blobs. The fingerprint starts anew with each chunk; so
// where a chunk ends depends on its own bytes alone, and finding it is a pure function.
#pragma once

#include <array>

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

 private:
  std::array<std::uint64_t, 256> leaving_{};    // what a byte that leaves the window takes along
  std::array<std::uint64_t, 256> reduction_{};  // of the byte that grows beyond the degree
};

}  // namespace bulkhead::repository
