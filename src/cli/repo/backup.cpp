#include "repository/backup.h"

#include <fmt/format.h>

#include "base/text.h"
#include "cli/repo/output.h"
#include "cli/repo/selection.h"
#include "cli/repo/session.h"
#include "cli/repo/verbs.h"
#include "json/value.h"

namespace bulkhead::cli::repo {
namespace {

constexpr std::size_t kPatternFileMax = 16 << 20;

struct Options {
  SessionOptions session;
  std::vector<std::string> paths;
  std::vector<std::string> tags;
  std::vector<std::string> excludes;
  std::vector<std::string> exclude_files;
  std::string host;
  std::string time;
  std::string parent;
  bool force = false;
};

// "2020-09-30 06:15:00" as restic takes it, in UTC, or RFC 3339.
Result<WallTime> parse_time(std::string text) {
  if (text.size() == 19 && text[10] == ' ') text = text.replace(10, 1, "T") + "Z";
  return from_rfc3339(text);
}

Result<repository::BackupOptions> backup_options(const Options& options,
                                                 repository::Repository& repository) {
  repository::BackupOptions out;
  out.paths = options.paths;
  out.tags = split_tags(options.tags);
  out.hostname = options.host;
  out.excludes = options.excludes;
  out.read_all = options.force;
  for (const std::string& file : options.exclude_files) {
    const std::string text = TRY(read_text_file(file, kPatternFileMax));
    for (const std::string_view line : split(text, '\n')) {
      const std::string_view pattern = trim(line);
      if (!pattern.empty() && pattern[0] != '#') out.excludes.emplace_back(pattern);
    }
  }
  if (!options.time.empty()) out.time = TRY(parse_time(options.time));
  if (!options.parent.empty()) {
    const repository::Snapshot parent = TRY(repository.find_snapshot(options.parent));
    out.parent = parent.id;
  }
  return out;
}

void print_summary(const repository::BackupResult& result) {
  const repository::SnapshotSummary& summary = *result.snapshot.summary;
  if (!result.snapshot.parent) fmt::print("no parent snapshot; all files were read\n");
  fmt::print("\nFiles:   {:>8} new, {:>8} changed, {:>8} unmodified\n", summary.files_new,
             summary.files_changed, summary.files_unmodified);
  fmt::print("Folders: {:>8} new, {:>8} changed, {:>8} unmodified\n", summary.dirs_new,
             summary.dirs_changed, summary.dirs_unmodified);
  fmt::print("Added to the repository: {} ({} stored)\n\n", show_size(summary.data_added),
             show_size(summary.data_added_packed));
  fmt::print("processed {} files, {} in {}\n", summary.total_files_processed,
             show_size(summary.total_bytes_processed),
             show_duration(summary.backup_end - summary.backup_start));
  fmt::print("snapshot {} saved\n", result.snapshot.id.short_hex());
}

void print_summary_json(const repository::BackupResult& result) {
  const repository::SnapshotSummary& summary = *result.snapshot.summary;
  const std::chrono::duration<double> duration = summary.backup_end - summary.backup_start;
  fmt::print("{}\n", json::write(json::Object{
                         {"message_type", "summary"},
                         {"files_new", summary.files_new},
                         {"files_changed", summary.files_changed},
                         {"files_unmodified", summary.files_unmodified},
                         {"dirs_new", summary.dirs_new},
                         {"dirs_changed", summary.dirs_changed},
                         {"dirs_unmodified", summary.dirs_unmodified},
                         {"data_blobs", summary.data_blobs},
                         {"tree_blobs", summary.tree_blobs},
                         {"data_added", summary.data_added},
                         {"data_added_packed", summary.data_added_packed},
                         {"total_files_processed", summary.total_files_processed},
                         {"total_bytes_processed", summary.total_bytes_processed},
                         {"total_duration", duration.count()},
                         {"snapshot_id", result.snapshot.id.to_hex()},
                     }));
}

Result<int> backup(const Options& options) {
  auto repository = open_session(options.session);
  if (!repository) {
    report_error(repository.error());
    return exit_status_of(repository.error());
  }
  repository::BackupOptions settings = TRY(backup_options(options, **repository));
  const auto result = [&] {
    ProgressLine line(!options.session.quiet && !options.session.json);
    settings.progress = [&](const repository::BackupProgress& progress) {
      line.show(fmt::format("{} of {}{} files, {}", progress.files_done, progress.files_found,
                            progress.scan_finished ? "" : "+", show_size(progress.bytes_done)));
    };
    return repository::backup(**repository, settings);
  }();
  if (!result) {
    report_error(result.error());
    return result.error().kind() == ErrorKind::conflict ? kExitLocked : kExitFailure;
  }
  for (const repository::PathError& error : result->errors) {
    fmt::print(stderr, "not in the snapshot: {}\n", show_name(error.error.message()));
  }
  if (options.session.json) print_summary_json(*result);
  else if (!options.session.quiet) print_summary(*result);
  return result->errors.empty() ? kExitSuccess : kExitIncomplete;
}

}  // namespace

void register_backup(Command& repo) {
  auto options = std::make_shared<Options>();
  Command& command = repo.subcommand("backup", "Make a snapshot of files and folders");
  add_session_options(command, options->session);
  command.arguments("PATH", options->paths, "what to back up", Need::required)
      .option("--tag", options->tags, "give the snapshot TAG[,TAG…]")
      .option("-e,--exclude", options->excludes, "leave out what fits the pattern")
      .option("--exclude-file", options->exclude_files, "a file of such patterns, one a line")
      .option("-H,--host", options->host, "the host that the snapshot names", "RESTIC_HOST")
      .option("--time", options->time, "the time that the snapshot names: 2020-09-30 06:15:00")
      .option("--parent", options->parent, "the snapshot to take unchanged files from")
      .flag("-f,--force", options->force, "read all files, changed or not");
  command.on_run([options] { return backup(*options); });
}

}  // namespace bulkhead::cli::repo
