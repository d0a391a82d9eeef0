// What is kept of repositories between runs, in one folder for all of a user's: <folder>/<id of the
// repository>/index.bulkhead. restic may keep its own files beside it; they are left alone.
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/file.h"

namespace bulkhead::repository {

struct CachedRepository {
  std::string id;
  WallTime last_used;
  std::uint64_t bytes = 0;
};

// The one used last first; none where there is no such folder.
Result<std::vector<CachedRepository>> list_caches(const Path& folder);
// Of those that were not used since `before`, also what writers left that were killed. Answers what
// was removed. A run that uses one of them goes on, and the next writes it anew.
Result<std::vector<CachedRepository>> remove_old_caches(const Path& folder, WallTime before);

}  // namespace bulkhead::repository
