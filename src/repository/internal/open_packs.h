// The packs that blobs are being added to. Each call works on a pack of its own, so that threads do
// not wait for each other; there are no more packs open than threads that add at once.
#pragma once

#include <array>
#include <vector>

#include "base/guarded.h"
#include "repository/pack.h"
#include "repository/repository.h"

namespace bulkhead::repository {

// Thread-safe.
class OpenPacks {
 public:
  explicit OpenPacks(Repository& repository) : repository_(repository) {}

  // Data and trees never share a pack (design.rst, "Pack Format", version 2). Answers the packs
  // that are complete and are to be saved now.
  Result<std::vector<PackBuilder>> add(const PackedBlob& blob, ByteView sealed);
  // All that were begun, as few as they fit into. Call it when no add() is running.
  Result<std::vector<PackBuilder>> take_all();

 private:
  Result<PackBuilder> take_one(BlobType type);
  std::unexpected<Error> not_gathered(const Error& error);

  Repository& repository_;
  Guarded<std::array<std::vector<PackBuilder>, 2>> open_;  // data, trees
};

}  // namespace bulkhead::repository
