#include "repository/forget.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "repository/lock.h"

namespace bulkhead::repository {

using storage::FileType;

namespace {

Result<std::vector<StoredSnapshot>> load_stored(Repository& repository,
                                                const SnapshotFilter& filter) {
  const auto files =
      TRY_CONTEXT(repository.backend().list(FileType::snapshot), "listing snapshots");
  std::map<std::string, std::optional<WallTime>> received;
  for (const storage::FileInfo& info : files) received[info.name] = info.received;
  std::vector<StoredSnapshot> stored;
  for (Snapshot& snapshot : TRY(repository.snapshots(filter))) {
    const auto at = received.find(snapshot.id.to_hex());
    // Made since the list was taken: the next call judges it.
    if (at != received.end()) stored.push_back({std::move(snapshot), at->second});
  }
  return stored;
}

// A policy that fits nothing, such as a tag that is misspelt, is not meant to remove everything.
Result<void> require_some_kept(const SnapshotGroup& group,
                               const std::vector<KeepDecision>& decisions,
                               const ForgetOptions& options) {
  const bool some = std::ranges::any_of(decisions, &KeepDecision::keep);
  if (some || decisions.empty() || options.may_remove_all) return {};
  return fail(ErrorKind::invalid,
              fmt::format("nothing was removed: the policy keeps none of the {} snapshots of host "
                          "\"{}\", paths \"{}\", tags \"{}\"; where that is meant: "
                          "--unsafe-allow-remove-all",
                          decisions.size(), group.host, fmt::join(group.paths, ", "),
                          fmt::join(group.tags, ", ")));
}

Result<void> remove_all(Repository& repository, const std::vector<SnapshotId>& ids,
                        const StageObserver& progress, const std::atomic<bool>* cancel) {
  StageProgress state{.stage = "removing", .things = "snapshots", .total = ids.size()};
  for (const SnapshotId& id : ids) {
    if (cancel && *cancel) {
      return fail(ErrorKind::unavailable, fmt::format("cancelled: {} of {} snapshots were removed",
                                                      state.done, ids.size()));
    }
    ++state.done;
    if (progress) progress(state);
    const auto removed = repository.backend().remove({FileType::snapshot, id.to_hex()});
    // Somebody else was quicker.
    if (removed || removed.error().kind() == ErrorKind::not_found) continue;
    if (removed.error().kind() == ErrorKind::denied) {
      return std::unexpected(removed.error().with_context(fmt::format(
          "snapshot {} stays: the store removes nothing for us, and its own retention decides",
          id.short_hex())));
    }
    return std::unexpected(removed.error().with_context("removing snapshot " + id.short_hex()));
  }
  return {};
}

}  // namespace

Result<ForgetReport> forget(Repository& repository, const ForgetOptions& options) {
  const auto lock = TRY(Lock::shared(repository));
  std::vector<StoredSnapshot> stored = TRY(load_stored(repository, options.filter));
  ForgetReport report;
  for (const StoredSnapshot& snapshot : stored) {
    report.receipts_known = report.receipts_known && snapshot.received.has_value();
  }
  KeepOptions keep = options.keep;
  keep.now = repository.clock().now();
  for (SnapshotGroup& group : group_snapshots(std::move(stored), options.grouping)) {
    auto decisions = apply_policy(std::move(group.snapshots), keep);
    if (options.may_remove_all && keep.policy.empty()) {
      for (KeepDecision& decision : decisions) decision.keep = false;
    }
    TRY(require_some_kept(group, decisions, options));
    for (const KeepDecision& decision : decisions) {
      if (!decision.keep) report.removed.push_back(decision.stored.snapshot.id);
    }
    report.groups.push_back({std::move(group.host), std::move(group.paths), std::move(group.tags),
                             std::move(decisions)});
  }
  if (options.dry_run == DryRun::no) {
    TRY(remove_all(repository, report.removed, options.progress, options.cancel));
  }
  return report;
}

Result<void> forget_snapshots(Repository& repository, const std::vector<SnapshotId>& ids,
                              const StageObserver& progress, const std::atomic<bool>* cancel) {
  const auto lock = TRY(Lock::shared(repository));
  return remove_all(repository, ids, progress, cancel);
}

}  // namespace bulkhead::repository
