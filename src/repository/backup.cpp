#include "repository/backup.h"

#include <algorithm>

#include <fmt/format.h>
#include <unistd.h>

#include "repository/internal/backup_run.h"
#include "repository/internal/host.h"
#include "repository/lock.h"

namespace bulkhead::repository {
namespace {

constexpr std::string_view kProgramVersion = "bulkhead 0.1.0";

std::vector<std::string> recorded_paths(const BackupOptions& options) {
  if (!options.recorded_paths.empty()) return options.recorded_paths;
  std::vector<std::string> paths;
  for (const std::string& path : options.paths) {
    paths.push_back(recorded_form(path, options.directory));
  }
  std::ranges::sort(paths);
  return paths;
}

Result<std::optional<Snapshot>> choose_parent(Repository& repository, const BackupOptions& options,
                                              const Snapshot& snapshot) {
  const std::vector<Snapshot> all = TRY(repository.snapshots());
  const Snapshot* found = nullptr;
  for (const Snapshot& candidate : all) {
    const bool fits = options.parent ? candidate.id == *options.parent
                                     : candidate.hostname == snapshot.hostname &&
                                           candidate.paths == snapshot.paths &&
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
  const TargetFolder target = TRY(make_target_tree(options.paths, options.directory));
  const auto lock = TRY(Lock::shared(repository));
  const WallTime started = repository.clock().now();

  Snapshot snapshot;
  snapshot.time = options.time.value_or(started);
  snapshot.paths = recorded_paths(options);
  snapshot.hostname = options.hostname.empty() ? this_host() : options.hostname;
  snapshot.username = this_user();
  snapshot.uid = ::geteuid();
  snapshot.gid = ::getegid();
  snapshot.excludes = options.excludes;
  snapshot.tags = options.tags;
  snapshot.program_version = kProgramVersion;

  const auto parent = TRY(choose_parent(repository, options, snapshot));
  TRY(repository.load_index());
  if (parent) snapshot.parent = parent->id;

  BackupRun run(repository, options);
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
  const std::string name =
      TRY(repository.save_file(storage::FileType::snapshot, encode_snapshot(snapshot)));
  snapshot.id = TRY(SnapshotId::from_hex(name));
  return BackupResult{std::move(snapshot), std::move(outcome.errors)};
}

}  // namespace bulkhead::repository
