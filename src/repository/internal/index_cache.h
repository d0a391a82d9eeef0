// The index of a repository as one file that is mapped at start, in place of reading and parsing
// every index file: <folder>/index.bulkhead (a folder `index` there may be restic's). It holds ids
// and sizes, no names or contents, is readable by its owner alone, and is authenticated with a key
// derived from the repository's: who can write into the folder cannot make a backup leave out what
// no pack holds.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "base/file.h"
#include "crypto/master_key.h"
#include "repository/internal/blob_table.h"

namespace bulkhead::repository {

inline constexpr const char* kIndexCacheName = "index.bulkhead";

struct CachedIndex {
  std::set<std::string> index_names;  // of the index files that it was made of
  std::vector<PackId> packs;
  std::set<PackId> retired;
  BlobTable table;
};

// Kind not_found where there is none; corrupt for what was not written with this key.
Result<CachedIndex> read_index_cache(const Path& folder, const crypto::MasterKey& key);
Result<void> write_index_cache(const Path& folder, const crypto::MasterKey& key,
                               const std::set<std::string>& index_names,
                               const std::vector<PackId>& packs, const std::set<PackId>& retired,
                               const BlobTable& table);

}  // namespace bulkhead::repository
