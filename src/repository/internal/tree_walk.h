// Claims, in a CopyTable, all that snapshots refer to: each tree is read once, by several threads.
#pragma once

#include <atomic>
#include <span>

#include "repository/internal/pack_inventory.h"
#include "repository/stage_progress.h"

namespace bulkhead::repository {

struct TreeWalkOptions {
  unsigned threads = 4;
  const std::atomic<bool>* cancel = nullptr;
  StageObserver progress{};
};

// Looks each blob up in the inventories in turn. Kind corrupt where one is in none of them, or a
// tree cannot be read.
Result<void> claim_reachable(Repository& repository, std::span<PackInventory* const> inventories,
                             std::span<const Snapshot> snapshots, const TreeWalkOptions& options);

}  // namespace bulkhead::repository
