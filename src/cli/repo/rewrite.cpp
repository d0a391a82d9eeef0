#include "repository/rewrite.h"

#include <algorithm>

#include <fmt/format.h>

#include "cli/repo/option_values.h"
#include "cli/repo/output.h"
#include "cli/repo/pattern_options.h"
#include "cli/repo/progress.h"
#include "cli/repo/selection.h"
#include "cli/repo/session.h"
#include "cli/repo/verbs.h"
#include "json/value.h"

namespace bulkhead::cli::repo {
namespace {

using repository::RewriteOptions;
using repository::RewrittenSnapshot;

struct Options {
  SessionOptions session;
  SelectionOptions selection;
  std::vector<std::string> snapshots;
  PatternOptions excludes;
  std::string new_host;
  std::string new_time;
  std::vector<std::string> add_tags;
  std::vector<std::string> remove_tags;
  std::vector<std::string> set_tags;
  bool forget = false;
  bool dry_run = false;
  bool tags_alone = false;  // the verb is tag
};

Result<void> print_one(const Options& options, const RewrittenSnapshot& rewritten) {
  if (options.session.json) {
    json::Object object{{"message_type", "snapshot"},
                        {"old_snapshot_id", rewritten.old_id.to_hex()},
                        {"changed", rewritten.made.has_value()}};
    if (rewritten.made && !options.dry_run) {
      object.set("new_snapshot_id", rewritten.made->id.to_hex());
    }
    object.set("excluded", json::Array(rewritten.left_out.begin(), rewritten.left_out.end()));
    return print_output(json::write(object) + "\n");
  }
  if (options.session.quiet) return {};
  std::string text;
  for (const std::string& path : rewritten.left_out) {
    text += fmt::format("{} {}\n", options.dry_run ? "would exclude" : "excluded", show_name(path));
  }
  const std::string id = rewritten.old_id.short_hex();
  if (!rewritten.made) text += fmt::format("snapshot {} needs no change\n", id);
  else if (options.dry_run) text += fmt::format("snapshot {} would be written anew\n", id);
  else {
    text += fmt::format("snapshot {} is now {}{}\n", id, rewritten.made->id.short_hex(),
                        options.forget ? "; the old one is removed" : "");
  }
  return print_output(text);
}

// As restic tells of tags.
Result<void> print_tagged(const Options& options, const RewrittenSnapshot& rewritten) {
  if (!options.session.json) return print_one(options, rewritten);
  if (!rewritten.made) return {};
  return print_output(json::write(json::Object{{"message_type", "changed"},
                                               {"old_snapshot_id", rewritten.old_id.to_hex()},
                                               {"new_snapshot_id", rewritten.made->id.to_hex()}}) +
                      "\n");
}

Result<void> print_summary(const Options& options,
                           const std::vector<RewrittenSnapshot>& rewritten) {
  if (!options.session.json) return {};
  const auto changed =
      std::ranges::count_if(rewritten, [](const auto& one) { return one.made.has_value(); });
  return print_output(json::write(json::Object{{"message_type", "summary"},
                                               {"changed_snapshots", std::int64_t{changed}}}) +
                      "\n");
}

Result<int> rewrite(const Options& options, RewriteOptions settings, Session& session) {
  const auto snapshots =
      TRY(find_snapshots(session.repository, options.snapshots, options.selection));
  settings.cancel = session.cancel();
  const auto rewritten = TRY([&] {
    ProgressMeter meter(options.session);
    settings.progress = meter.observer();
    return repository::rewrite_snapshots(session.repository, snapshots, settings);
  }());
  for (const RewrittenSnapshot& snapshot : rewritten) {
    TRY(options.tags_alone ? print_tagged(options, snapshot) : print_one(options, snapshot));
  }
  TRY(print_summary(options, rewritten));
  return kExitSuccess;
}

Result<RewriteOptions> rewrite_options(const Options& options) {
  RewriteOptions out;
  ChosenPatterns excludes = TRY(read_patterns(options.excludes));
  out.excludes = std::move(excludes.exact);
  out.excludes_any_case = std::move(excludes.any_case);
  if (!options.new_host.empty()) out.hostname = options.new_host;
  if (!options.new_time.empty()) out.time = TRY(parse_time(options.new_time));
  out.forget = options.forget;
  if (out.excludes.empty() && out.excludes_any_case.empty() && !out.hostname && !out.time) {
    return fail(ErrorKind::invalid, "nothing to do: give --exclude, --new-host or --new-time");
  }
  return out;
}

Result<RewriteOptions> tag_options(const Options& options) {
  RewriteOptions out;
  out.add_tags = split_tags(options.add_tags);
  out.remove_tags = split_tags(options.remove_tags);
  if (!options.set_tags.empty()) out.set_tags = split_tags(options.set_tags);
  out.forget = true;
  if (out.set_tags && (!out.add_tags.empty() || !out.remove_tags.empty())) {
    return fail(ErrorKind::invalid, "--set goes without --add and --remove");
  }
  if (!out.set_tags && out.add_tags.empty() && out.remove_tags.empty()) {
    return fail(ErrorKind::invalid, "nothing to do: give --add, --remove or --set");
  }
  return out;
}

// What both verbs have.
void add_verb(Command& command, const std::shared_ptr<Options>& options,
              Result<RewriteOptions> (*settings_of)(const Options&)) {
  add_session_options(command, options->session);
  add_selection_options(command, options->selection);
  command.arguments("SNAPSHOT", options->snapshots, "only these", Need::optional);
  command.on_run([options, settings_of]() -> Result<int> {
    const RewriteOptions settings = TRY(settings_of(*options));
    options->session.discard_writes = options->dry_run;
    return with_repository(options->session, Locking::by_action,
                           [&](Session& session) { return rewrite(*options, settings, session); });
  });
}

}  // namespace

void register_rewrite(Command& repo) {
  auto options = std::make_shared<Options>();
  Command& command =
      repo.subcommand("rewrite", "Make snapshots anew without what should not be in them");
  add_verb(command, options, rewrite_options);
  add_pattern_options(command, "-e", "exclude", options->excludes, "leave out what fits");
  command.option("--new-host", options->new_host, "the host that the new snapshots name")
      .option("--new-time", options->new_time, "the time that they name: 2020-09-30 06:15:00")
      .flag("--forget", options->forget, "remove the old snapshots")
      .flag("-n,--dry-run", options->dry_run, "say what would be written, and write nothing");
}

void register_tag(Command& repo) {
  auto options = std::make_shared<Options>();
  options->tags_alone = true;
  Command& command = repo.subcommand("tag", "Change the tags of snapshots");
  add_verb(command, options, tag_options);
  command.option("--add", options->add_tags, "add TAG[,TAG…]")
      .option("--remove", options->remove_tags, "remove TAG[,TAG…]")
      .option("--set", options->set_tags, "have TAG[,TAG…] and no other");
}

}  // namespace bulkhead::cli::repo
