// New snapshots out of old ones, without what should not be in them, or under another host or time
// (restic's `rewrite`). What the old ones held stays stored until they are forgotten and pruned.
#pragma once

#include <atomic>
#include <optional>
#include <string>
#include <vector>

#include "repository/repository.h"
#include "repository/stage_progress.h"

namespace bulkhead::repository {

struct RewriteOptions {
  std::vector<std::string> excludes;  // patterns, of paths in the snapshot
  std::vector<std::string> excludes_any_case;
  std::optional<std::string> hostname;
  std::optional<WallTime> time;
  std::vector<std::string> add_tags;
  std::vector<std::string> remove_tags;
  std::optional<std::vector<std::string>> set_tags;
  // Removes the old snapshot; else the new one gets the tag "rewrite".
  bool forget = false;
  bool tag_new = true;  // with that tag
  StageObserver progress;
  const std::atomic<bool>* cancel = nullptr;
};

struct RewrittenSnapshot {
  SnapshotId old_id;
  std::optional<Snapshot> made;       // none where nothing had to change
  std::vector<std::string> left_out;  // paths, folders without what they hold
};

// Kind corrupt where a tree holds what we do not know and would lose by writing it anew. Locks the
// repository.
Result<std::vector<RewrittenSnapshot>> rewrite_snapshots(Repository& repository,
                                                         const std::vector<Snapshot>& snapshots,
                                                         const RewriteOptions& options);

}  // namespace bulkhead::repository
