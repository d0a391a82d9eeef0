#include "repository/restore.h"

#include <fmt/format.h>

#include "cli/repo/output.h"
#include "cli/repo/pattern_options.h"
#include "cli/repo/progress.h"
#include "cli/repo/selection.h"
#include "cli/repo/session.h"
#include "cli/repo/verbs.h"
#include "json/value.h"
#include "repository/verify.h"

namespace bulkhead::cli::repo {
namespace {

using repository::RestoreAction;

struct Options {
  SessionOptions session;
  SnapshotChoice snapshot;
  std::string target;
  PatternOptions includes;
  PatternOptions excludes;
  std::string overwrite = "always";
  bool delete_unexpected = false;
  bool sparse = false;
  bool dry_run = false;
  bool ignore_owners = false;
  bool verify = false;
};

Result<repository::Overwrite> parse_overwrite(const std::string& text) {
  using enum repository::Overwrite;
  if (text == "always") return always;
  if (text == "if-changed") return if_changed;
  if (text == "if-newer") return if_newer;
  if (text == "never") return never;
  return fail(
      ErrorKind::invalid,
      fmt::format("--overwrite is always, if-changed, if-newer or never, not \"{}\"", text));
}

Result<repository::RestoreOptions> restore_options(const Options& options) {
  repository::RestoreOptions out;
  ChosenPatterns includes = TRY(read_patterns(options.includes));
  ChosenPatterns excludes = TRY(read_patterns(options.excludes));
  out.target = options.target;
  out.includes = std::move(includes.exact);
  out.includes_any_case = std::move(includes.any_case);
  out.excludes = std::move(excludes.exact);
  out.excludes_any_case = std::move(excludes.any_case);
  out.existing = repository::Existing::replace;
  out.overwrite = TRY(parse_overwrite(options.overwrite));
  out.delete_unexpected = options.delete_unexpected;
  out.sparse = options.sparse;
  out.dry_run = options.dry_run;
  if (options.ignore_owners) out.ownership = repository::Ownership::ignore;
  const bool all = out.includes.empty() && out.includes_any_case.empty();
  if (out.delete_unexpected && all && out.target.lexically_normal() == "/") {
    return fail(ErrorKind::invalid,
                "--delete on / would delete the system that runs this; say what with --include");
  }
  return out;
}

Result<bool> verify_restored(const Options& options, repository::Repository& repository,
                             const repository::Snapshot& snapshot,
                             const repository::RestoreOptions& restored) {
  repository::VerifyOptions settings;
  settings.target = restored.target;
  settings.subpath = restored.subpath;
  settings.unexpected = false;
  settings.cancel = restored.cancel;
  const repository::VerifyReport report = TRY(verify(repository, snapshot, settings));
  const bool partial = !restored.includes.empty() || !restored.excludes.empty() ||
                       !restored.includes_any_case.empty() || !restored.excludes_any_case.empty();
  std::uint64_t wrong = 0;
  for (const repository::VerifyMismatch& mismatch : report.mismatches) {
    if (partial && mismatch.mismatch == repository::Mismatch::missing) continue;
    ++wrong;
    const std::string what = fmt::format("{}: {}", name_of(mismatch.mismatch), mismatch.detail);
    print_problem(options.session.json,
                  {.text = fmt::format("differs: {}: {}", mismatch.path, what),
                   .message = what,
                   .during = "verification",
                   .item = mismatch.path});
  }
  if (options.session.json) {
    fmt::print("{}\n", json::write(json::Object{{"message_type", "verification"},
                                                {"files_checked", report.files_checked},
                                                {"bytes_checked", report.bytes_checked},
                                                {"differences", wrong}}));
  } else if (!options.session.quiet) {
    fmt::print("verified {} files, {}: {} differ\n", report.files_checked,
               show_size(report.bytes_checked), wrong);
  }
  return wrong == 0;
}

std::string_view word_for(RestoreAction action) {
  switch (action) {
    case RestoreAction::made: return "restored";
    case RestoreAction::updated: return "updated";
    case RestoreAction::unchanged: return "unchanged";
    case RestoreAction::deleted: return "deleted";
  }
  return "";
}

void print_item(ProgressMeter& meter, const repository::RestoreItem& item, bool json) {
  const std::string path = "/" + item.path;
  if (!json) {
    return meter.print_line(fmt::format("{:9}  {}", word_for(item.action), show_name(path)));
  }
  meter.print_line(json::write(json::Object{{"message_type", "verbose_status"},
                                            {"action", word_for(item.action)},
                                            {"item", path},
                                            {"size", item.size}}));
}

std::uint64_t seconds_since(std::chrono::steady_clock::time_point began) {
  const auto elapsed = std::chrono::steady_clock::now() - began;
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::seconds>(elapsed).count());
}

void print_report(const Options& options, const repository::Snapshot& snapshot,
                  const repository::RestoreReport& report,
                  std::chrono::steady_clock::time_point began) {
  for (const repository::PathError& error : report.errors) {
    const std::string& what = error.error.message();
    print_problem(options.session.json,
                  {.text = fmt::format("not restored as it was: {}: {}", error.path, what),
                   .message = what,
                   .during = "restore",
                   .item = error.path});
  }
  if (options.session.json) {
    fmt::print("{}\n", json::write(json::Object{
                           {"message_type", "summary"},
                           {"snapshot_id", snapshot.id.to_hex()},
                           {"seconds_elapsed", seconds_since(began)},
                           {"total_files", report.files + report.files_unchanged},
                           {"files_restored", report.files},
                           {"files_skipped", report.files_unchanged},
                           {"files_deleted", report.deleted},
                           {"directories_restored", report.directories},
                           {"others_restored", report.others},
                           {"total_bytes", report.bytes + report.bytes_unchanged},
                           {"bytes_restored", report.bytes},
                           {"bytes_skipped", report.bytes_unchanged},
                           {"errors", static_cast<std::uint64_t>(report.errors.size())},
                       }));
    return;
  }
  if (options.session.quiet) return;
  fmt::print("{} {} files, {} folders, {} others, {} of snapshot {} to {}\n",
             options.dry_run ? "would restore" : "restored", report.files, report.directories,
             report.others, show_size(report.bytes), snapshot.id.short_hex(), options.target);
  if (report.files_unchanged > 0) {
    fmt::print("{} files, {}, were there already\n", report.files_unchanged,
               show_size(report.bytes_unchanged));
  }
  if (report.deleted > 0) {
    fmt::print("{} {} that the snapshot does not have\n",
               options.dry_run ? "would delete" : "deleted", report.deleted);
  }
}

Result<int> restore(const Options& options, Session& session) {
  const auto began = std::chrono::steady_clock::now();
  repository::RestoreOptions settings = TRY(restore_options(options));
  const auto [snapshot, subfolder] = TRY(find_snapshot(session.repository, options.snapshot));
  settings.subpath = subfolder;
  settings.cancel = session.cancel();
  std::atomic<bool> locked{false};
  settings.settled = [&] {
    auto settled = session.settle();
    if (!settled && settled.error().kind() == ErrorKind::conflict) locked = true;
    return settled;
  };
  const auto report = [&] {
    ProgressMeter meter(options.session, DoneWords::restored);
    settings.progress = [&](const repository::RestoreProgress& progress) {
      meter.show({.things_done = progress.files_done,
                  .things_total = progress.files_total,
                  .bytes_done = progress.bytes_done,
                  .bytes_total = progress.bytes_total});
    };
    const bool each =
        options.session.verbosity >= 2 || (options.dry_run && options.session.verbosity >= 1);
    if (each && !options.session.quiet) {
      settings.item = [&](const repository::RestoreItem& item) {
        print_item(meter, item, options.session.json);
      };
    }
    return repository::restore(session.repository, snapshot, settings);
  }();
  if (!report && locked) {
    return report_failure(options.session, report.error(), kExitLocked);
  }
  if (!report) return std::unexpected(report.error());
  print_report(options, snapshot, *report, began);
  bool whole = report->errors.empty();
  if (options.verify && !options.dry_run) {
    whole = TRY(verify_restored(options, session.repository, snapshot, settings)) && whole;
  }
  return whole ? kExitSuccess : kExitFailure;
}

}  // namespace

void register_restore(Command& repo) {
  auto options = std::make_shared<Options>();
  Command& command = repo.subcommand("restore", "Write a snapshot's files into a folder");
  add_session_options(command, options->session);
  add_snapshot_argument(command, options->snapshot);
  add_pattern_options(command, "-i", "include", options->includes, "only what fits the pattern");
  add_pattern_options(command, "-e", "exclude", options->excludes, "all but what fits the pattern");
  command.option("-t,--target", options->target, "the folder to write into")
      .option("--overwrite", options->overwrite,
              "of files that are there: always (what differs), if-changed, if-newer, never")
      .flag("--delete", options->delete_unexpected, "delete what the snapshot does not have")
      .flag("--sparse", options->sparse, "leave out blocks of zeros")
      .flag("--ignore-owners", options->ignore_owners, "all belongs to who restores")
      .flag("-n,--dry-run", options->dry_run, "say what would be written, and write nothing")
      .flag("--verify", options->verify, "compare every file with the snapshot afterwards");
  command.on_run([options] {
    return with_repository(options->session, Locking::unsettled,
                           [&](Session& session) { return restore(*options, session); });
  });
}

}  // namespace bulkhead::cli::repo
