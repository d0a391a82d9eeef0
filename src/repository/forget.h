// Removes snapshots: those that a policy does not keep (keep_policy.h), or those that are named.
// What they alone referred to stays in the packs until prune (prune.h). Holds a non-exclusive lock,
// and so goes beside backups.
#pragma once

#include <atomic>
#include <string>
#include <vector>

#include "repository/keep_policy.h"
#include "repository/repository.h"
#include "repository/stage_progress.h"

namespace bulkhead::repository {

enum class DryRun { no, yes };

struct ForgetOptions {
  SnapshotFilter filter;
  Grouping grouping;
  KeepOptions keep;  // `now` is filled in
  // Else a policy that keeps nothing of a group is an error; with it, and no policy, all goes.
  bool may_remove_all = false;
  DryRun dry_run = DryRun::no;
  StageObserver progress{};
  const std::atomic<bool>* cancel = nullptr;
};

struct ForgetGroup {
  std::string host;
  std::vector<std::string> paths;
  std::vector<std::string> tags;
  std::vector<KeepDecision> decisions;  // newest first
};

struct ForgetReport {
  std::vector<ForgetGroup> groups;
  std::vector<SnapshotId> removed;  // or, in a dry run, what would be
  // Whether the store says when it received each snapshot; where not, back-dated ones cannot be
  // told from others.
  bool receipts_known = true;
};

// Kind invalid where nothing would be kept, denied where the store is append-only: there, the
// store's own retention rules.
Result<ForgetReport> forget(Repository& repository, const ForgetOptions& options);

Result<void> forget_snapshots(Repository& repository, const std::vector<SnapshotId>& ids,
                              const StageObserver& progress = {},
                              const std::atomic<bool>* cancel = nullptr);

}  // namespace bulkhead::repository
