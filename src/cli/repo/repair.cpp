#include "repository/repair.h"

#include <cstdlib>

#include <fmt/format.h>

#include "cli/repo/output.h"
#include "cli/repo/progress.h"
#include "cli/repo/selection.h"
#include "cli/repo/session.h"
#include "cli/repo/verbs.h"
#include "json/value.h"
#include "repository/parity.h"

namespace bulkhead::cli::repo {
namespace {

using repository::DryRun;

struct Options {
  SessionOptions session;
  SelectionOptions selection;
  std::vector<std::string> names;
  std::string percent = "10";
  bool read_all_packs = false;
  bool forget = false;
  bool dry_run = false;

  DryRun dry() const { return dry_run ? DryRun::yes : DryRun::no; }
};
using OptionsPointer = std::shared_ptr<Options>;

json::Array to_array(const std::vector<std::string>& texts) {
  json::Array array;
  for (const std::string& text : texts) array.emplace_back(text);
  return array;
}

void print_lines(const std::vector<std::string>& lines) {
  for (const std::string& text : lines) fmt::print(stderr, "{}\n", show_name(text));
}

Result<int> repair_index(const Options& options, Session& session) {
  repository::RepairIndexOptions settings{.read_all_packs = options.read_all_packs,
                                          .dry_run = options.dry(),
                                          .progress = {},
                                          .cancel = session.cancel()};
  const auto report = TRY([&] {
    ProgressMeter meter(options.session);
    settings.progress = meter.observer();
    return repository::repair_index(session.repository, settings);
  }());
  if (!options.session.json) print_lines(report.unreadable);
  if (options.session.json) {
    fmt::print("{}\n", json::write(json::Object{{"message_type", "repair_index"},
                                                {"packs", report.packs},
                                                {"added", report.added},
                                                {"corrected", report.corrected},
                                                {"removed", report.removed},
                                                {"damaged_index_files", report.damaged_index_files},
                                                {"unreadable", to_array(report.unreadable)}}));
  } else if (!options.session.quiet) {
    fmt::print(
        "{} packs: {} added to the index, {} corrected, {} that are not there removed; "
        "{} damaged index files replaced; {} packs cannot be read (repair packs)\n",
        report.packs, report.added, report.corrected, report.removed, report.damaged_index_files,
        report.unreadable.size());
  }
  return report.unreadable.empty() ? kExitSuccess : kExitIncomplete;
}

Result<int> repair_packs(const Options& options, Session& session) {
  repository::RepairPacksOptions settings{.packs = {}, .dry_run = options.dry()};
  for (const std::string& name : options.names) {
    settings.packs.push_back(TRY_CONTEXT(repository::PackId::from_hex(name), name));
  }
  settings.cancel = session.cancel();
  const auto report = TRY([&] {
    ProgressMeter meter(options.session);
    settings.progress = meter.observer();
    return repository::repair_packs(session.repository, settings);
  }());
  if (options.session.json) {
    fmt::print("{}\n", json::write(json::Object{{"message_type", "repair_packs"},
                                                {"read", report.read},
                                                {"rebuilt", report.rebuilt},
                                                {"salvaged", report.salvaged},
                                                {"blobs_lost", report.blobs_lost},
                                                {"parity_renewed", report.parity_renewed},
                                                {"notes", to_array(report.notes)}}));
  } else {
    print_lines(report.notes);
    if (!options.session.quiet) {
      fmt::print("{} packs read: {} rebuilt, {} salvaged with {} blobs lost{}\n", report.read,
                 report.rebuilt, report.salvaged, report.blobs_lost,
                 report.blobs_lost == 0 ? "" : " (repair snapshots)");
    }
  }
  return report.blobs_lost == 0 ? kExitSuccess : kExitIncomplete;
}

Result<int> repair_snapshots(const Options& options, Session& session) {
  repository::RepairSnapshotsOptions settings{.filter = filter_of(options.selection),
                                              .snapshots = {},
                                              .forget = options.forget,
                                              .dry_run = options.dry(),
                                              .progress = {},
                                              .cancel = session.cancel()};
  for (const std::string& name : options.names) {
    const auto snapshot = TRY(session.repository.find_snapshot(name));
    settings.snapshots.push_back(snapshot.id);
  }
  const auto report = TRY([&] {
    ProgressMeter meter(options.session);
    settings.progress = meter.observer();
    return repository::repair_snapshots(session.repository, settings);
  }());
  if (!options.session.json) print_lines(report.unreadable);
  json::Array repaired;
  for (const auto& one : report.repaired) {
    const std::string after = one.after ? one.after->to_hex() : "";
    if (options.session.json) {
      repaired.emplace_back(json::Object{
          {"before", one.before.to_hex()}, {"after", after}, {"losses", to_array(one.losses)}});
      continue;
    }
    print_lines(one.losses);
    if (options.session.quiet) continue;
    fmt::print("snapshot {} lacks {} things{}\n", one.before.short_hex(), one.losses.size(),
               one.after ? "; repaired: " + one.after->short_hex() : "");
  }
  if (options.session.json) {
    fmt::print("{}\n", json::write(json::Object{{"message_type", "repair_snapshots"},
                                                {"checked", report.checked},
                                                {"repaired", std::move(repaired)},
                                                {"unreadable", to_array(report.unreadable)}}));
  } else if (!options.session.quiet) {
    fmt::print("{} snapshots checked, {} lacked something\n", report.checked,
               report.repaired.size());
  }
  return report.unreadable.empty() ? kExitSuccess : kExitIncomplete;
}

Result<int> parity(const Options& options, Session& session) {
  repository::ParityOptions settings;
  char* end = nullptr;
  settings.percent = std::strtod(options.percent.c_str(), &end);
  if (end == options.percent.c_str() || *end != '\0') {
    return fail(ErrorKind::invalid, "--percent takes a number, such as 10");
  }
  settings.cancel = session.cancel();
  const auto report = TRY([&] {
    ProgressMeter meter(options.session);
    settings.progress = meter.observer();
    return repository::add_parity(session.repository, settings);
  }());
  if (!options.session.json) print_lines(report.damaged);
  if (options.session.json) {
    fmt::print("{}\n", json::write(json::Object{{"message_type", "parity"},
                                                {"packs", report.packs},
                                                {"made", report.made},
                                                {"bytes_made", report.bytes_made},
                                                {"damaged", to_array(report.damaged)}}));
  } else if (!options.session.quiet) {
    fmt::print("{} packs; parity made for {}: {}\n", report.packs, report.made,
               show_size(report.bytes_made));
  }
  return report.damaged.empty() ? kExitSuccess : kExitFailure;
}

using Verb = Result<int> (*)(const Options&, Session&);

Command& add_verb(Command& parent, const char* name, const char* help, Verb verb,
                  const OptionsPointer& options) {
  Command& command = parent.subcommand(name, help);
  add_session_options(command, options->session);
  command.on_run([options, verb] {
    return with_repository(options->session, Locking::by_action,
                           [&](Session& session) { return verb(*options, session); });
  });
  return command;
}

}  // namespace

void register_repair(Command& repo) {
  Command& repair = repo.subcommand("repair", "Mend a damaged repository: index, packs, snapshots");
  const auto index = std::make_shared<Options>();
  add_verb(repair, "index", "Make the index say what is in the packs", repair_index, index)
      .flag("--read-all-packs", index->read_all_packs, "look into all packs, not only odd ones")
      .flag("-n,--dry-run", index->dry_run, "say what would be done");
  // What restic called it before 0.16.
  add_verb(repo, "rebuild-index", "As repair index", repair_index, index)
      .flag("--read-all-packs", index->read_all_packs, "look into all packs, not only odd ones");
  const auto packs = std::make_shared<Options>();
  add_verb(repair, "packs", "Rebuild damaged packs, or save what is whole in them", repair_packs,
           packs)
      .arguments("PACK", packs->names, "these; without any, all are read", Need::optional)
      .flag("-n,--dry-run", packs->dry_run, "say what would be done");
  const auto snapshots = std::make_shared<Options>();
  Command& command = add_verb(repair, "snapshots", "Make snapshots without what is lost",
                              repair_snapshots, snapshots);
  add_selection_options(command, snapshots->selection);
  command.arguments("SNAPSHOT", snapshots->names, "these; without any, all", Need::optional)
      .flag("--forget", snapshots->forget, "remove the snapshots that were replaced")
      .flag("-n,--dry-run", snapshots->dry_run, "say what would be done");
}

void register_parity(Command& repo) {
  const auto options = std::make_shared<Options>();
  add_verb(repo, "parity", "Add what damaged packs can be rebuilt from", parity, options)
      .option("--percent", options->percent, "of a pack's size, up to 200: so much may be damaged");
}

}  // namespace bulkhead::cli::repo
