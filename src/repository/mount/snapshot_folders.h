// The folders above the snapshots' own: what is in "/", "/hosts/london" and so on. Read anew when
// the repository has other snapshots than before; what was there keeps its path. Thread-safe.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <variant>

#include "base/guarded.h"
#include "repository/repository.h"

namespace bulkhead::repository {

struct SnapshotRoot {
  BlobId tree;
  WallTime time;
};
struct LatestLink {
  std::string target;
};
struct VirtualFolder {};
using FolderEntry = std::variant<VirtualFolder, LatestLink, SnapshotRoot>;

// Path to name to entry. Every folder has an entry of its own, if only an empty one.
using FolderTable = std::map<std::string, std::map<std::string, FolderEntry>>;

// Two snapshots of one second get "-1", "-2" behind the time. A '/' in a host's name or a tag is
// shown as '_'.
FolderTable lay_out(const std::vector<Snapshot>& snapshots);

class SnapshotFolders {
 public:
  SnapshotFolders(Repository& repository, SnapshotFilter filter);

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
  Guarded<State> state_;
};

}  // namespace bulkhead::repository
