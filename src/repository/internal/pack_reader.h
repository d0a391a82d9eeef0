// Reads a pack from its beginning to its end in pieces: its digest, and each blob as it passes,
// with room for some megabytes, or for the largest blob, rather than for the pack.
#pragma once

#include <functional>
#include <span>

#include "repository/pack.h"
#include "storage/backend.h"

namespace bulkhead::repository {

// Not thread-safe.
class PackReader {
 public:
  // May overwrite what it is given.
  using Take = std::function<void(const PackedBlob& blob, MutableByteView sealed)>;

  explicit PackReader(storage::Backend& backend) : backend_(backend) {}
  // All `size` bytes of the pack; `take` is called for each of `blobs`, which ascend by their
  // offsets and lie within it.
  Result<PackId> read(const PackId& pack, std::uint64_t size, std::span<const PackedBlob> blobs,
                      const Take& take);

 private:
  storage::Backend& backend_;
  Bytes window_;  // kept from one pack to the next
};

}  // namespace bulkhead::repository
