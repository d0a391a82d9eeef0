// Decides, from what snapshots refer to, what becomes of each pack. Pure.
#pragma once

#include <vector>

#include "repository/internal/pack_inventory.h"
#include "repository/prune.h"

namespace bulkhead::repository {

enum class PackFate {
  keep,
  repack,  // what is kept of it goes into a new pack, and it is retired
  retire,  // nothing in it is needed
};

struct PackUse {
  PackFate fate = PackFate::retire;
  std::uint64_t kept_bytes = 0;
  std::uint32_t kept_blobs = 0;
  bool trees = false;
  bool uncompressed = false;
  bool duplicates = false;  // holds copies of what is kept elsewhere
};

struct PrunePlan {
  std::vector<PackUse> packs;  // beside those of the inventory
  PackSum used;
  std::uint64_t unused_bytes = 0;
  PackSum repack;
  std::uint64_t repack_saves = 0;
};

// Chooses one copy of each claimed blob to keep and the fate of each pack. Kind corrupt where a
// claimed blob's packs are missing or are not as long as the index says.
Result<PrunePlan> plan_prune(Repository& repository, PackInventory& inventory,
                             const PruneOptions& options);

// After more was claimed: packs whose only copies of it would go are kept.
void keep_newly_claimed(PackInventory& inventory, PrunePlan& plan);

}  // namespace bulkhead::repository
