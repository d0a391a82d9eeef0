#include "repository/backup.h"

#include <algorithm>
#include <cerrno>

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/process.h"
#include "base/text.h"
#include "cli/repo/option_values.h"
#include "cli/repo/output.h"
#include "cli/repo/password.h"
#include "cli/repo/pattern_options.h"
#include "cli/repo/progress.h"
#include "cli/repo/selection.h"
#include "cli/repo/session.h"
#include "cli/repo/target_options.h"
#include "cli/repo/verbs.h"
#include "json/value.h"

namespace bulkhead::cli::repo {
namespace {

// https://bford.info/cachedir/
constexpr const char* kCacheTag = "CACHEDIR.TAG";
constexpr const char* kCacheSignature = "Signature: 8a477f597d28d172789f06886806bc55";
constexpr std::uint64_t kReadersMax = 64;

struct Options {
  SessionOptions session;
  TargetOptions targets;
  PatternOptions excludes;
  std::vector<std::string> tags;
  std::vector<std::string> marks;
  std::string larger_than;
  std::string host;
  std::string time;
  std::string parent;
  std::string group_by = "host,paths";
  std::string stdin_name = "stdin";
  std::uint64_t readers = 2;
  bool exclude_caches = false;
  bool one_file_system = false;
  bool from_stdin = false;
  bool from_command = false;
  bool force = false;
  bool dry_run = false;
  bool no_scan = false;
  bool ignore_inode = false;
  bool ignore_change_time = false;
  bool with_access_times = false;
  bool skip_if_unchanged = false;
};

Result<repository::ParentChoice> parse_grouping(const std::string& text) {
  repository::ParentChoice choice{.by_host = false, .by_paths = false, .by_tags = false};
  for (const std::string& word : split_tags({text})) {
    if (word == "host" || word == "hosts") choice.by_host = true;
    else if (word == "path" || word == "paths") choice.by_paths = true;
    else if (word == "tag" || word == "tags") choice.by_tags = true;
    else return fail(ErrorKind::invalid, "--group-by takes host, paths and tags, not " + word);
  }
  return choice;
}

bool exists(const std::string& path) {
  struct stat status{};
  return ::lstat(path.c_str(), &status) == 0 || errno != ENOENT;
}

Result<void> choose_contents(const Options& options, repository::BackupOptions& out) {
  ChosenPatterns excludes = TRY(read_patterns(options.excludes));
  out.excludes = std::move(excludes.exact);
  out.excludes_any_case = std::move(excludes.any_case);
  if (options.exclude_caches) out.exclude_folders_with.push_back({kCacheTag, kCacheSignature});
  for (const std::string& mark : options.marks) {
    const auto parts = split_once(mark, ':');
    if (!parts) out.exclude_folders_with.push_back({mark, ""});
    else
      out.exclude_folders_with.push_back({std::string(parts->first), std::string(parts->second)});
  }
  if (!options.larger_than.empty()) {
    out.file_size_max = TRY(parse_size(options.larger_than, "--exclude-larger-than"));
  }
  out.one_file_system = options.one_file_system;
  if (options.from_stdin || options.from_command) return {};
  out.paths = TRY(read_targets(options.targets));
  // One that lacks some of them is reported; one that has nothing would pass for the newest state.
  if (std::ranges::none_of(out.paths, exists)) {
    return fail(ErrorKind::invalid,
                fmt::format("nothing to back up: {} does not exist{}", show_name(out.paths.front()),
                            out.paths.size() > 1 ? ", nor do the others" : ""));
  }
  return {};
}

Result<repository::BackupOptions> backup_options(const Options& options,
                                                 repository::Repository& repository) {
  repository::BackupOptions out;
  TRY(choose_contents(options, out));
  out.tags = split_tags(options.tags);
  out.hostname = options.host;
  out.read_all = options.force;
  out.ignore_inode = options.ignore_inode;
  out.ignore_change_time = options.ignore_change_time;
  out.keep_access_times = options.with_access_times;
  out.skip_if_unchanged = options.skip_if_unchanged;
  if (options.readers < 1 || options.readers > kReadersMax) {
    return fail(ErrorKind::invalid, fmt::format("--read-concurrency is 1 to {}", kReadersMax));
  }
  out.readers = static_cast<unsigned>(options.readers);
  out.parent_choice = TRY(parse_grouping(options.group_by));
  if (!options.time.empty()) out.time = TRY(parse_time(options.time));
  if (!options.parent.empty()) {
    const repository::Snapshot parent = TRY(repository.find_snapshot(options.parent));
    out.parent = parent.id;
  }
  return out;
}

// A program whose output is the file.
struct StreamProgram {
  FileDescriptor output;
  Process process;
};

Result<StreamProgram> start_program(const std::vector<std::string>& words) {
  if (words.empty()) return fail(ErrorKind::invalid, "give the program after --");
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return fail_errno(errno, "making a pipe");
  FileDescriptor output(ends[0]);
  const FileDescriptor input(ends[1]);
  ProcessOptions options;
  options.arguments = words;
  options.environment = environment_for_children();
  options.standard_output = input.get();
  Process process = TRY(Process::start(options));
  return StreamProgram{std::move(output), std::move(process)};
}

Result<std::optional<StreamProgram>> open_stream(const Options& options,
                                                 repository::BackupOptions& settings) {
  if (!options.from_stdin && !options.from_command) return std::optional<StreamProgram>();
  settings.stream =
      repository::StreamInput{.fd = STDIN_FILENO, .name = options.stdin_name, .complete = {}};
  if (!options.from_command) {
    if (options.targets.paths.empty()) return std::optional<StreamProgram>();
    return fail(ErrorKind::invalid, "--stdin takes no paths beside it");
  }
  auto program = std::optional<StreamProgram>(TRY(start_program(options.targets.paths)));
  settings.stream->fd = program->output.get();
  return program;
}

Result<void> expect_success(Process& process) {
  const ExitStatus status = process.wait();
  if (status.success()) return {};
  return fail(ErrorKind::io,
              fmt::format("no snapshot was made: the program ended with {}", status.describe()));
}

void print_item(ProgressMeter& meter, const repository::BackupItem& item, bool json) {
  using repository::ItemChange;
  const char* word = item.change == ItemChange::added     ? "new"
                     : item.change == ItemChange::changed ? "modified"
                                                          : "unchanged";
  const bool folder = item.type == repository::NodeType::directory;
  const std::string path = item.path + (folder ? "/" : "");
  if (!json) return meter.print_line(fmt::format("{:9}  {}", word, show_name(path)));
  meter.print_line(json::write(json::Object{{"message_type", "verbose_status"},
                                            {"action", word},
                                            {"item", path},
                                            {"data_size", item.size}}));
}

void print_summary(const repository::BackupResult& result, bool dry_run) {
  const repository::SnapshotSummary& summary = *result.snapshot.summary;
  if (!result.snapshot.parent) fmt::print("no parent snapshot; all files were read\n");
  fmt::print("\nFiles:   {:>8} new, {:>8} changed, {:>8} unmodified\n", summary.files_new,
             summary.files_changed, summary.files_unmodified);
  fmt::print("Folders: {:>8} new, {:>8} changed, {:>8} unmodified\n", summary.dirs_new,
             summary.dirs_changed, summary.dirs_unmodified);
  fmt::print("{} to the repository: {} ({} stored)\n\n", dry_run ? "Would be added" : "Added",
             show_size(summary.data_added), show_size(summary.data_added_packed));
  fmt::print("processed {} files, {} in {}\n", summary.total_files_processed,
             show_size(summary.total_bytes_processed),
             show_duration(summary.backup_end - summary.backup_start));
  if (dry_run) fmt::print("nothing was written: this was a dry run\n");
  else if (result.skipped) fmt::print("nothing changed, so no snapshot was made\n");
  else fmt::print("snapshot {} saved\n", result.snapshot.id.short_hex());
}

void print_summary_json(const repository::BackupResult& result, bool dry_run) {
  const repository::SnapshotSummary& summary = *result.snapshot.summary;
  const std::chrono::duration<double> duration = summary.backup_end - summary.backup_start;
  json::Object object{
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
      {"backup_start", to_rfc3339(summary.backup_start)},
      {"backup_end", to_rfc3339(summary.backup_end)},
      {"total_duration", duration.count()},
  };
  if (dry_run) object.set("dry_run", true);
  else if (!result.skipped) object.set("snapshot_id", result.snapshot.id.to_hex());
  fmt::print("{}\n", json::write(object));
}

void print_problems(const Options& options, const repository::BackupResult& result) {
  for (const repository::PathError& error : result.errors) {
    print_problem(options.session.json, {.text = "not in the snapshot: " + error.error.message(),
                                         .message = {},
                                         .during = "archival",
                                         .item = error.path});
  }
  for (const std::string& path : result.changed_while_read) {
    print_problem(options.session.json, {.text = "changed while it was read: " + path,
                                         .message = {},
                                         .during = "reading",
                                         .item = path});
  }
}

Result<int> backup(const Options& options, Session& session) {
  repository::BackupOptions settings = TRY(backup_options(options, session.repository));
  auto program = TRY(open_stream(options, settings));
  if (program) settings.stream->complete = [&] { return expect_success(program->process); };
  settings.cancel = session.cancel();
  const auto result = [&] {
    ProgressMeter meter(options.session);
    settings.progress = [&](const repository::BackupProgress& progress) {
      meter.show({.things_done = progress.files_done,
                  .things_total = progress.files_found,
                  .bytes_done = progress.bytes_done,
                  .bytes_total = progress.bytes_found,
                  .total_known = progress.scan_finished && !options.no_scan,
                  .errors = progress.errors});
    };
    if (options.session.verbosity >= 2 && !options.session.quiet) {
      settings.item = [&](const repository::BackupItem& item) {
        print_item(meter, item, options.session.json);
      };
    }
    return repository::backup(session.repository, settings);
  }();
  if (!result) return std::unexpected(result.error());
  print_problems(options, *result);
  if (options.session.json) print_summary_json(*result, options.dry_run);
  else if (!options.session.quiet) print_summary(*result, options.dry_run);
  return result->errors.empty() ? kExitSuccess : kExitIncomplete;
}

void add_content_options(Command& command, Options& options) {
  add_target_options(command, options.targets);
  add_pattern_options(command, "-e", "exclude", options.excludes,
                      "leave out what fits the pattern");
  command
      .flag("--exclude-caches", options.exclude_caches,
            "leave out what folders with a CACHEDIR.TAG hold")
      .option("--exclude-if-present", options.marks,
              "NAME[:HEADER]: leave out what folders with such a file hold")
      .option("--exclude-larger-than", options.larger_than, "leave out files above SIZE: 500k, 2G")
      .flag("-x,--one-file-system", options.one_file_system, "keep mount points empty")
      .flag("--stdin", options.from_stdin, "store standard input as one file")
      .flag("--stdin-from-command", options.from_command,
            "store what the program after -- prints, if it succeeds")
      .option("--stdin-filename", options.stdin_name, "that file's name in the snapshot");
}

void add_snapshot_options(Command& command, Options& options) {
  command.option("--tag", options.tags, "give the snapshot TAG[,TAG…]")
      .option("-H,--host", options.host, "the host that the snapshot names", "RESTIC_HOST")
      .option("--time", options.time, "the time that the snapshot names: 2020-09-30 06:15:00")
      .option("--parent", options.parent, "the snapshot to take unchanged files from")
      .option("-g,--group-by", options.group_by,
              "take the newest of the same host, paths, tags for that")
      .flag("-f,--force", options.force, "read all files, changed or not")
      .flag("--ignore-inode", options.ignore_inode, "a new inode alone is no change")
      .flag("--ignore-ctime", options.ignore_change_time, "a new ctime alone is no change")
      .flag("--with-atime", options.with_access_times, "keep access times")
      .flag("--skip-if-unchanged", options.skip_if_unchanged,
            "make no snapshot that is like its parent")
      .option("--read-concurrency", options.readers, "files to read at once",
              "RESTIC_READ_CONCURRENCY")
      .flag("--no-scan", options.no_scan, "tell of no totals and no time left")
      .flag("-n,--dry-run", options.dry_run, "say what would be stored, and store nothing");
}

}  // namespace

void register_backup(Command& repo) {
  auto options = std::make_shared<Options>();
  Command& command = repo.subcommand("backup", "Make a snapshot of files and folders");
  add_session_options(command, options->session);
  add_content_options(command, *options);
  add_snapshot_options(command, *options);
  command.on_run([options] {
    options->session.discard_writes = options->dry_run;
    return with_repository(options->session, Locking::by_action,
                           [&](Session& session) { return backup(*options, session); });
  });
}

}  // namespace bulkhead::cli::repo
