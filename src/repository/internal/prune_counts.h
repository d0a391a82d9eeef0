// What a prune will do, in restic's numbers. Pure.
#pragma once

#include "repository/internal/pack_inventory.h"
#include "repository/internal/prune_plan.h"

namespace bulkhead::repository {

PruneCounts count_for_prune(const PackInventory& inventory, const PrunePlan& plan);

}  // namespace bulkhead::repository
