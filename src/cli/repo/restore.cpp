#include "repository/restore.h"

#include <fmt/format.h>

#include "base/text.h"
#include "cli/repo/output.h"
#include "cli/repo/selection.h"
#include "cli/repo/session.h"
#include "cli/repo/verbs.h"
#include "json/value.h"
#include "repository/lock.h"
#include "repository/verify.h"

namespace bulkhead::cli::repo {
namespace {

struct Options {
  SessionOptions session;
  SelectionOptions selection;
  std::string snapshot;
  std::string target;
  std::vector<std::string> includes;
  std::vector<std::string> excludes;
  bool verify = false;
};

// restic's "ID:path" restores one folder of the snapshot.
std::pair<std::string, std::string> split_subpath(const std::string& given) {
  const auto parts = split_once(given, ':');
  if (!parts) return {given, ""};
  return {std::string(parts->first), std::string(parts->second)};
}

Result<bool> verify_restored(repository::Repository& repository,
                             const repository::Snapshot& snapshot,
                             const repository::RestoreOptions& restored) {
  repository::VerifyOptions options;
  options.target = restored.target;
  options.subpath = restored.subpath;
  options.unexpected = false;
  const repository::VerifyReport report = TRY(verify(repository, snapshot, options));
  const bool partial = !restored.includes.empty() || !restored.excludes.empty();
  std::uint64_t wrong = 0;
  for (const repository::VerifyMismatch& mismatch : report.mismatches) {
    if (partial && mismatch.mismatch == repository::Mismatch::missing) continue;
    ++wrong;
    fmt::print(stderr, "differs: {}: {}: {}\n", show_name(mismatch.path),
               name_of(mismatch.mismatch), mismatch.detail);
  }
  fmt::print("verified {} files, {}: {} differ\n", report.files_checked,
             show_size(report.bytes_checked), wrong);
  return wrong == 0;
}

void print_report(const Options& options, const repository::Snapshot& snapshot,
                  const repository::RestoreReport& report) {
  for (const repository::PathError& error : report.errors) {
    fmt::print(stderr, "not restored as it was: {}: {}\n", show_name(error.path),
               error.error.message());
  }
  if (options.session.json) {
    fmt::print("{}\n", json::write(json::Object{
                           {"message_type", "summary"},
                           {"snapshot_id", snapshot.id.to_hex()},
                           {"files_restored", report.files},
                           {"directories_restored", report.directories},
                           {"others_restored", report.others},
                           {"bytes_restored", report.bytes},
                           {"errors", static_cast<std::uint64_t>(report.errors.size())},
                       }));
  } else if (!options.session.quiet) {
    fmt::print("restored {} files, {} folders, {} others, {} of snapshot {} to {}\n", report.files,
               report.directories, report.others, show_size(report.bytes), snapshot.id.short_hex(),
               options.target);
  }
}

Result<int> restore(const Options& options) {
  auto repository = open_session(options.session);
  if (!repository) {
    report_error(repository.error());
    return exit_status_of(repository.error());
  }
  std::unique_ptr<repository::Lock> lock;
  if (!options.session.no_lock) lock = TRY(repository::Lock::shared(**repository));
  const auto [id, subpath] = split_subpath(options.snapshot);
  const repository::Snapshot snapshot =
      TRY((*repository)->find_snapshot(id, filter_of(options.selection)));
  repository::RestoreOptions settings;
  settings.target = options.target;
  settings.subpath = subpath;
  settings.includes = options.includes;
  settings.excludes = options.excludes;
  settings.existing = repository::Existing::replace;
  const auto report = [&] {
    ProgressLine line(!options.session.quiet && !options.session.json);
    settings.progress = [&](const repository::RestoreProgress& progress) {
      line.show(fmt::format("{} of {} files, {} of {}", progress.files_done, progress.files_total,
                            show_size(progress.bytes_done), show_size(progress.bytes_total)));
    };
    return repository::restore(**repository, snapshot, settings);
  }();
  if (!report) return std::unexpected(report.error());
  print_report(options, snapshot, *report);
  bool whole = report->errors.empty();
  if (options.verify) whole = TRY(verify_restored(**repository, snapshot, settings)) && whole;
  return whole ? kExitSuccess : kExitFailure;
}

}  // namespace

void register_restore(Command& repo) {
  auto options = std::make_shared<Options>();
  Command& command = repo.subcommand("restore", "Write a snapshot's files into a folder");
  add_session_options(command, options->session);
  add_selection_options(command, options->selection);
  command
      .argument("SNAPSHOT", options->snapshot,
                "an id, its beginning, or \"latest\"; ID:FOLDER for a part", Need::required)
      .option("-t,--target", options->target, "the folder to write into")
      .option("-i,--include", options->includes, "only what fits the pattern")
      .option("-e,--exclude", options->excludes, "all but what fits the pattern")
      .flag("--verify", options->verify, "compare every file with the snapshot afterwards");
  command.on_run([options] { return restore(*options); });
}

}  // namespace bulkhead::cli::repo
