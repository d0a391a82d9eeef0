// The folders above the snapshots' own: what is in "/", "/hosts/london" and so on. Read anew when
// the repository has other snapshots than before; what was there keeps its path. Thread-safe.
#pragma once

#include <optional>
#include <string>

#include "base/guarded.h"
#include "repository/mount/layout.h"
#include "repository/repository.h"

namespace bulkhead::repository {

class SnapshotFolders {
 public:
  SnapshotFolders(Repository& repository, SnapshotFilter filter, MountLayout layout);

  // Kind not_found where there is no such folder.
  Result<std::map<std::string, FolderEntry>> list(const std::string& path);
  Result<FolderEntry> find(const std::string& path, const std::string& name);
  // When the snapshots were last seen to be others.
  WallTime changed();

 private:
  struct State {
    FolderTable folders;
    std::vector<std::string> names;  // of snapshot files, sorted
    std::optional<SteadyTime> looked;
    WallTime changed{};
  };
  Result<void> refresh(State& state);

  Repository& repository_;
  const SnapshotFilter filter_;
  const MountLayout layout_;
  Guarded<State> state_;
};

}  // namespace bulkhead::repository
