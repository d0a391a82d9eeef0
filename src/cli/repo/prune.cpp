#include "repository/prune.h"

#include <fmt/format.h>

#include "cli/repo/output.h"
#include "cli/repo/progress.h"
#include "cli/repo/prune_options.h"
#include "cli/repo/verbs.h"
#include "json/value.h"

namespace bulkhead::cli::repo {
namespace {

struct Options {
  SessionOptions session;
  PruneFlags flags;
  bool dry_run = false;
};

std::string show(const repository::PackSum& sum) {
  return fmt::format("{} packs, {}", sum.packs, show_size(sum.bytes));
}

json::Object to_json(const repository::PackSum& sum) {
  return json::Object{{"packs", sum.packs}, {"bytes", sum.bytes}};
}

json::Object to_json(const repository::PruneAmounts& amounts) {
  return json::Object{{"used", amounts.used},     {"duplicate", amounts.duplicate},
                      {"unused", amounts.unused}, {"repack", amounts.repack},
                      {"remove", amounts.remove}, {"repack_remove", amounts.repack_remove}};
}

// restic's keys, and beside them what the two phases did.
json::Object to_json(const repository::PruneReport& report) {
  const repository::PruneCounts& counts = report.counts;
  json::Object blobs = to_json(counts.blobs);
  blobs.set("total", counts.blobs.total());
  blobs.set("remove_total", counts.blobs.remove_total());
  blobs.set("remaining", counts.blobs.total() - counts.blobs.remove_total());
  json::Object bytes = to_json(counts.bytes);
  const std::uint64_t unreferenced = counts.unreferenced_bytes;
  bytes.set("unreferenced", unreferenced);
  bytes.set("uncompressed", counts.uncompressed_bytes);
  bytes.set("total", counts.bytes.total() + unreferenced);
  bytes.set("remove_total", counts.bytes.remove_total() + unreferenced);
  const std::uint64_t remaining = counts.bytes.total() - counts.bytes.remove_total();
  bytes.set("remaining", remaining);
  bytes.set("remaining_unused", remaining - counts.bytes.used);
  const std::uint64_t packs = counts.packs_used + counts.packs_partly_used + counts.packs_unused;
  json::Object packfiles{
      {"used", counts.packs_used},
      {"unused", counts.packs_unused},
      {"partly_used", counts.packs_partly_used},
      {"unreferenced", counts.packs_unreferenced},
      {"total", packs + counts.packs_unreferenced},
      {"keep", counts.packs_keep},
      {"repack", counts.packs_repack},
      {"remove", counts.packs_remove},
      {"remove_total", counts.packs_remove + counts.packs_repack + counts.packs_unreferenced}};
  return json::Object{{"message_type", "summary"},          {"blobs", std::move(blobs)},
                      {"bytes", std::move(bytes)},          {"packfiles", std::move(packfiles)},
                      {"snapshots", report.snapshots},      {"repacked", to_json(report.repacked)},
                      {"hidden", to_json(report.hidden)},   {"marked", to_json(report.marked)},
                      {"deleted", to_json(report.deleted)}, {"waiting", to_json(report.waiting)},
                      {"recovered", report.recovered}};
}

Result<int> prune(const Options& options, Session& session) {
  const auto dry_run = options.dry_run ? repository::DryRun::yes : repository::DryRun::no;
  const auto report = TRY(run_prune(session, options.flags, options.session, dry_run));
  return print_prune(report, options.session, dry_run);
}

}  // namespace

void add_prune_options(Command& command, PruneFlags& flags) {
  command
      .option("--max-unused", flags.max_unused,
              "leave so much unused data where it is: 5%, 200M or unlimited")
      .option("--max-repack-size", flags.max_repack_size, "copy at most so much: 500M")
      .option("--keep-delete", flags.keep_delete,
              "delete packs when they have been out of use so long: 23h, 2d; 0h: at once")
      .flag("--repack-small", flags.repack_small, "also pack small packs anew")
      .flag("--repack-uncompressed", flags.repack_uncompressed, "also compress what is not")
      .flag("--repack-cacheable-only", flags.repack_trees_only,
            "pack only folders anew, and no contents")
      .option("--repack-smaller-than", flags.repack_smaller_than,
              "also pack packs below this size anew: 8M");
}

Result<repository::PruneReport> run_prune(Session& session, const PruneFlags& flags,
                                          const SessionOptions& session_options,
                                          repository::DryRun dry_run) {
  repository::PruneOptions options;
  options.max_unused = TRY(repository::parse_unused_limit(flags.max_unused));
  if (!flags.max_repack_size.empty()) {
    options.max_repack_bytes = TRY(repository::parse_size(flags.max_repack_size));
  }
  const auto span = TRY(repository::parse_calendar_span(flags.keep_delete));
  if (span.years != 0 || span.months != 0) {
    return fail(ErrorKind::invalid, "--keep-delete is given in days and hours, such as 2d12h");
  }
  options.keep_delete = std::chrono::days(span.days) + std::chrono::hours(span.hours);
  options.repack_small = flags.repack_small;
  options.repack_uncompressed = flags.repack_uncompressed;
  options.repack_trees_only = flags.repack_trees_only;
  if (!flags.repack_smaller_than.empty()) {
    options.repack_small = true;
    options.small_pack_bytes = TRY(repository::parse_size(flags.repack_smaller_than));
  }
  options.dry_run = dry_run;
  options.cancel = session.cancel();
  ProgressMeter meter(session_options);
  options.progress = meter.observer();
  return repository::prune(session.repository, options);
}

int print_prune(const repository::PruneReport& report, const SessionOptions& session,
                repository::DryRun dry_run) {
  for (const std::string& damaged : report.damaged) {
    print_problem(session.json, {.text = "left as it is (repair packs): " + damaged,
                                 .message = {},
                                 .during = "repack",
                                 .item = damaged.substr(0, damaged.find(':'))});
  }
  if (session.json) {
    fmt::print("{}\n", json::write(to_json(report)));
  } else if (!session.quiet) {
    fmt::print("{} snapshots use {}; {} unused\n", report.snapshots, show(report.used),
               show_size(report.unused_bytes));
    const char* would = dry_run == repository::DryRun::yes ? "would be " : "";
    const auto line = [&](const char* what, const repository::PackSum& sum, const char* why) {
      if (sum.packs != 0) fmt::print("{}{}: {}{}\n", would, what, show(sum), why);
    };
    line("packed anew", report.repacked, " copied");
    line("taken out of use", report.hidden, "; a prune after the grace period deletes them");
    line("marked", report.marked, "; somebody at work may still refer to them");
    line("deleted", report.deleted, "");
    line("left for a later prune", report.waiting, "");
    if (report.recovered != 0) fmt::print("needed again: {} packs\n", report.recovered);
  }
  return report.damaged.empty() ? kExitSuccess : kExitIncomplete;
}

void register_prune(Command& repo) {
  auto options = std::make_shared<Options>();
  Command& command = repo.subcommand("prune", "Delete what no snapshot needs, beside backups");
  add_session_options(command, options->session);
  add_prune_options(command, options->flags);
  command.flag("-n,--dry-run", options->dry_run, "say what would be done");
  command.on_run([options] {
    return with_repository(options->session, Locking::by_action,
                           [&](Session& session) { return prune(*options, session); });
  });
}

}  // namespace bulkhead::cli::repo
