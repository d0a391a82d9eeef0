#include "repository/backup.h"

#include <algorithm>

#include <fmt/format.h>
#include <unistd.h>

#include "repository/internal/backup_run.h"
#include "repository/internal/host.h"
#include "repository/lock.h"
#include "repository/resume.h"
#include "repository/unlock.h"

namespace bulkhead::repository {
namespace {

constexpr std::string_view kProgramVersion = "bulkhead 0.1.0";

std::vector<std::string> recorded_paths(const BackupOptions& options) {
  if (!options.recorded_paths.empty()) return options.recorded_paths;
  std::vector<std::string> paths;
  if (options.stream) return {recorded_form(options.stream->name, "/")};
  for (const std::string& path : options.paths) {
    paths.push_back(recorded_form(path, options.directory));
  }
  std::ranges::sort(paths);
  return paths;
}

bool is_like(const Snapshot& candidate, const Snapshot& snapshot, const ParentChoice& choice) {
  if (choice.by_host && candidate.hostname != snapshot.hostname) return false;
  if (choice.by_paths && candidate.paths != snapshot.paths) return false;
  return !choice.by_tags || std::ranges::is_permutation(candidate.tags, snapshot.tags);
}

Result<std::optional<Snapshot>> choose_parent(Repository& repository, const BackupOptions& options,
                                              const Snapshot& snapshot) {
  const std::vector<Snapshot> all = TRY(repository.snapshots());
  const Snapshot* found = nullptr;
  for (const Snapshot& candidate : all) {
    const bool fits = options.parent ? candidate.id == *options.parent
                                     : is_like(candidate, snapshot, options.parent_choice) &&
                                           candidate.time <= snapshot.time;
    if (fits) found = &candidate;
  }
  if (options.parent && found == nullptr) {
    return fail(ErrorKind::not_found,
                fmt::format("there is no snapshot {}", options.parent->short_hex()));
  }
  if (found == nullptr) return std::optional<Snapshot>();
  return std::optional<Snapshot>(*found);
}

Result<void> expect_complete(const std::vector<PathError>& errors) {
  for (const PathError& lacking : errors) {
    if (lacking.error.kind() == ErrorKind::not_found) continue;
    return std::unexpected(
        lacking.error.with_context("no snapshot was made, since it would lack " + lacking.path));
  }
  return {};
}

}  // namespace

Result<BackupResult> backup(Repository& repository, const BackupOptions& options) {
  TargetFolder target;
  if (!options.stream) target = TRY(make_target_tree(options.paths, options.directory));
  // A lock that nobody holds is what a killed backup leaves, and with it packs without an index.
  const auto left = TRY(remove_locks(repository, LocksToRemove::stale_of_host));
  // What is read while the lock settles needs no lock; what is written then is packs, which nobody
  // refers to before the index.
  const auto lock = TRY(Lock::shared_unsettled(repository));
  const WallTime started = repository.clock().now();

  Snapshot snapshot;
  snapshot.time = options.time.value_or(started);
  snapshot.paths = recorded_paths(options);
  snapshot.hostname = options.hostname.empty() ? this_host() : options.hostname;
  snapshot.username = this_user();
  snapshot.uid = ::geteuid();
  snapshot.gid = ::getegid();
  snapshot.excludes = options.excludes;
  snapshot.excludes.insert(snapshot.excludes.end(), options.excludes_any_case.begin(),
                           options.excludes_any_case.end());
  snapshot.tags = options.tags;
  snapshot.program_version = kProgramVersion;

  const auto parent = TRY(choose_parent(repository, options, snapshot));
  TRY(repository.load_index());
  if (!left.empty()) {
    TRY(lock->settle());
    TRY(adopt_unindexed_packs(repository));
  }
  if (parent) snapshot.parent = parent->id;

  BackupRun run(repository, options, [&] { return lock->settle(); });
  BackupRun::Outcome outcome = TRY(run.run(target, parent));
  snapshot.tree = outcome.tree;
  snapshot.summary = outcome.summary;
  snapshot.summary->backup_start = started;
  snapshot.summary->backup_end = repository.clock().now();
  const bool nothing =
      outcome.summary.total_files_processed == 0 &&
      outcome.summary.dirs_new + outcome.summary.dirs_changed + outcome.summary.dirs_unmodified ==
          0;
  if (nothing && !outcome.errors.empty()) {
    return std::unexpected(outcome.errors.front().error.with_context("nothing could be read"));
  }
  if (options.cancel && *options.cancel) {
    return fail(ErrorKind::unavailable, "the backup was cancelled");
  }
  if (options.require_complete) TRY(expect_complete(outcome.errors));
  if (options.stream && options.stream->complete) TRY(options.stream->complete());
  BackupResult result{.errors = std::move(outcome.errors),
                      .changed_while_read = std::move(outcome.changed_while_read)};
  if (options.skip_if_unchanged && parent && parent->tree == snapshot.tree) {
    result.snapshot = *parent;
    result.snapshot.summary = snapshot.summary;
    result.skipped = true;
    return result;
  }
  TRY(lock->settle());
  const std::string name =
      TRY(repository.save_file(storage::FileType::snapshot, encode_snapshot(snapshot)));
  snapshot.id = TRY(SnapshotId::from_hex(name));
  result.snapshot = std::move(snapshot);
  return result;
}

}  // namespace bulkhead::repository
