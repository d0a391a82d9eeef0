// Whose locks there are, and removing those that nobody holds any more (restic's `unlock`).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "repository/lock.h"

namespace bulkhead::repository {

struct LockFile {
  std::string name;
  std::optional<LockInfo> info;  // none where the file cannot be read
  bool stale = false;
};

Result<std::vector<LockFile>> list_locks(Repository& repository);

enum class LocksToRemove {
  stale,          // as is_stale() says
  stale_of_host,  // and of this host: left by a process that was killed here
  all,            // and those of processes that are at work
};

// Answers those that were removed. Files that cannot be read are removed with `all` alone.
Result<std::vector<LockFile>> remove_locks(Repository& repository, LocksToRemove which);

}  // namespace bulkhead::repository
