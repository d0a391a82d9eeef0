// Packs that prune means to delete, as index files tell it: a list `packs_to_delete` beside
// `packs`, which restic passes over and rustic writes too. A pack that is in both lists is marked:
// everybody reads it still, and our backups refer to it no more. A pack in this list alone is
// hidden: nobody finds its blobs, and it is deleted when it has been hidden long enough. See
// prune.h.
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "repository/index.h"

namespace bulkhead::repository {

struct RetiredPack {
  PackId id;
  WallTime time{};                // when it came into its present state
  std::vector<PackedBlob> blobs;  // empty where only the file's name is known
};

// Costs next to nothing where the text has no such list.
Result<std::vector<RetiredPack>> decode_retired(std::string_view text);

// A whole index file, with the newline. The list is left out where it is empty.
std::string encode_index_with_retired(const std::vector<IndexedPack>& packs,
                                      const std::vector<RetiredPack>& retired);

}  // namespace bulkhead::repository
