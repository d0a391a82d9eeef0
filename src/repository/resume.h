// Going on where a killed backup stopped: the packs that it stored are in no index file yet, and
// their blobs would all be stored once more. Their own headers say what they hold.
#pragma once

#include "repository/repository.h"

namespace bulkhead::repository {

struct Adoption {
  std::uint64_t packs = 0;
  std::uint64_t blobs = 0;
};

// Writes index files for all packs that no index file names. Hold a lock meanwhile, lest a prune
// take such packs for rubbish. Packs that cannot be read are left alone.
Result<Adoption> adopt_unindexed_packs(Repository& repository);

}  // namespace bulkhead::repository
