#include "repository/forget.h"

#include <fmt/format.h>

#include "cli/repo/output.h"
#include "cli/repo/progress.h"
#include "cli/repo/prune_options.h"
#include "cli/repo/selection.h"
#include "cli/repo/session.h"
#include "cli/repo/verbs.h"
#include "json/value.h"

namespace bulkhead::cli::repo {
namespace {

struct Options {
  SessionOptions session;
  SelectionOptions selection;
  std::vector<std::string> snapshots;
  std::string last, hourly, daily, weekly, monthly, yearly;
  std::string within, within_hourly, within_daily, within_weekly, within_monthly, within_yearly;
  std::vector<std::string> keep_tags;
  std::string group_by = "host,paths";
  bool trust_times = false;
  bool may_remove_all = false;
  bool compact = false;
  bool dry_run = false;
  bool prune = false;
  PruneFlags prune_flags;
};

Result<std::int64_t> parse_count(const std::string& text, std::string_view flag) {
  if (text.empty()) return 0;
  if (text == "unlimited" || text == "-1") return repository::kKeepAll;
  if (text.size() > 9 || text.find_first_not_of("0123456789") != std::string::npos) {
    return fail(ErrorKind::invalid,
                fmt::format("{} takes a number or \"unlimited\", not \"{}\"", flag, text));
  }
  return std::stoll(text);
}

Result<repository::KeepPolicy> policy_of(const Options& options) {
  repository::KeepPolicy policy;
  policy.last = TRY(parse_count(options.last, "--keep-last"));
  policy.hourly = TRY(parse_count(options.hourly, "--keep-hourly"));
  policy.daily = TRY(parse_count(options.daily, "--keep-daily"));
  policy.weekly = TRY(parse_count(options.weekly, "--keep-weekly"));
  policy.monthly = TRY(parse_count(options.monthly, "--keep-monthly"));
  policy.yearly = TRY(parse_count(options.yearly, "--keep-yearly"));
  policy.within = TRY(repository::parse_calendar_span(options.within));
  policy.within_hourly = TRY(repository::parse_calendar_span(options.within_hourly));
  policy.within_daily = TRY(repository::parse_calendar_span(options.within_daily));
  policy.within_weekly = TRY(repository::parse_calendar_span(options.within_weekly));
  policy.within_monthly = TRY(repository::parse_calendar_span(options.within_monthly));
  policy.within_yearly = TRY(repository::parse_calendar_span(options.within_yearly));
  for (const std::string& list : options.keep_tags) policy.tags.push_back(split_tags({list}));
  return policy;
}

json::Array to_array(const std::vector<std::string>& texts) {
  json::Array array;
  for (const std::string& text : texts) array.emplace_back(text);
  return array;
}

Result<json::Object> to_json(const repository::Snapshot& snapshot) {
  const json::Value value = TRY(json::parse(encode_snapshot(snapshot)));
  json::Object object = *value.object();
  object.set("id", snapshot.id.to_hex());
  object.set("short_id", snapshot.id.short_hex());
  return object;
}

// As restic's: one object a group, with what is kept and why, and what is removed.
Result<json::Array> to_json(const std::vector<repository::ForgetGroup>& groups) {
  json::Array out;
  for (const repository::ForgetGroup& group : groups) {
    json::Array keep;
    json::Array remove;
    json::Array reasons;
    for (const repository::KeepDecision& decision : group.decisions) {
      json::Object object = TRY(to_json(decision.stored.snapshot));
      if (decision.stored.received) object.set("received", to_rfc3339(*decision.stored.received));
      if (decision.set_apart) object.set("set_apart", true);
      if (decision.keep) {
        reasons.emplace_back(
            json::Object{{"snapshot", object}, {"matches", to_array(decision.reasons)}});
      }
      (decision.keep ? keep : remove).emplace_back(std::move(object));
    }
    out.emplace_back(json::Object{{"tags", to_array(group.tags)},
                                  {"host", group.host},
                                  {"paths", to_array(group.paths)},
                                  {"keep", std::move(keep)},
                                  {"remove", std::move(remove)},
                                  {"reasons", std::move(reasons)}});
  }
  return out;
}

std::string joined(const std::vector<std::string>& texts) {
  std::string out;
  for (const std::string& text : texts) out += (out.empty() ? "" : ", ") + show_name(text);
  return out;
}

void print_groups(const repository::ForgetReport& report, const Options& options) {
  for (const repository::ForgetGroup& group : report.groups) {
    fmt::print("\nhost {}  paths {}  tags {}\n", group.host.empty() ? "any" : show_name(group.host),
               group.paths.empty() ? "any" : joined(group.paths),
               group.tags.empty() ? "any" : joined(group.tags));
    for (const repository::KeepDecision& decision : group.decisions) {
      const repository::Snapshot& snapshot = decision.stored.snapshot;
      if (options.compact && !decision.keep) continue;
      fmt::print("  {:6}  {}  {}  {}{}\n", decision.keep ? "keep" : "remove",
                 snapshot.id.short_hex(), show_time(snapshot.time),
                 fmt::join(decision.reasons, ", "),
                 decision.set_apart ? "  (its time is not when it was received)" : "");
    }
  }
  fmt::print("\n{} {} snapshots\n", options.dry_run ? "would remove" : "removed",
             report.removed.size());
  if (!report.receipts_known) {
    fmt::print(
        "This store does not tell when it received a snapshot: one that is dated back\n"
        "counts as if it were of that time.\n");
  }
}

// With --json, one document is printed and nothing else, as restic does.
repository::StageObserver observer(ProgressMeter& meter, const Options& options) {
  return options.session.json ? repository::StageObserver() : meter.observer();
}

Result<std::size_t> forget_named(Session& session, const Options& options) {
  std::vector<repository::SnapshotId> ids;
  for (const std::string& name : options.snapshots) {
    const auto snapshot = TRY(session.repository.find_snapshot(name, filter_of(options.selection)));
    ids.push_back(snapshot.id);
  }
  if (!options.dry_run) {
    ProgressMeter meter(options.session);
    TRY(repository::forget_snapshots(session.repository, ids, observer(meter, options),
                                     session.cancel()));
  }
  if (!options.session.json && !options.session.quiet) {
    for (const repository::SnapshotId& id : ids) {
      fmt::print("{} snapshot {}\n", options.dry_run ? "would remove" : "removed", id.short_hex());
    }
  }
  return ids.size();
}

Result<std::size_t> forget_by_policy(Session& session, const Options& options) {
  repository::ForgetOptions settings;
  settings.filter = filter_of(options.selection);
  settings.grouping = TRY(repository::parse_grouping(options.group_by));
  settings.keep.policy = TRY(policy_of(options));
  if (options.trust_times) settings.keep.claimed_times = repository::ClaimedTimes::trust;
  settings.dry_run = options.dry_run ? repository::DryRun::yes : repository::DryRun::no;
  settings.may_remove_all = options.may_remove_all;
  const repository::SnapshotFilter& filter = settings.filter;
  const bool chosen = !filter.hosts.empty() || !filter.paths.empty() || !filter.tags.empty();
  if (settings.keep.policy.empty() && options.may_remove_all && !chosen) {
    return fail(ErrorKind::invalid,
                "--unsafe-allow-remove-all without a policy goes with --host, --path or --tag");
  }
  if (settings.keep.policy.empty() && !options.may_remove_all) {
    if (options.session.json) fmt::print("[]\n");
    fmt::print(stderr, "no policy was given, so nothing is removed; see --keep-last and others\n");
    return std::size_t{0};
  }
  settings.cancel = session.cancel();
  const repository::ForgetReport report = TRY([&] {
    ProgressMeter meter(options.session);
    settings.progress = observer(meter, options);
    return repository::forget(session.repository, settings);
  }());
  if (options.session.json) fmt::print("{}\n", json::write(TRY(to_json(report.groups))));
  else if (!options.session.quiet) print_groups(report, options);
  return report.removed.size();
}

Result<int> forget(const Options& options, Session& session) {
  const std::size_t removed = TRY(options.snapshots.empty() ? forget_by_policy(session, options)
                                                            : forget_named(session, options));
  if (!options.prune || removed == 0) return kExitSuccess;
  const auto dry_run = options.dry_run ? repository::DryRun::yes : repository::DryRun::no;
  const auto report = TRY(run_prune(session, options.prune_flags, options.session, dry_run));
  return print_prune(report, options.session, dry_run);
}

void add_policy_options(Command& command, Options& options) {
  command.option("-l,--keep-last", options.last, "keep the last N snapshots")
      .option("-H,--keep-hourly", options.hourly, "keep the newest of each of the last N hours")
      .option("-d,--keep-daily", options.daily, "and of N days")
      .option("-w,--keep-weekly", options.weekly, "and of N weeks")
      .option("-m,--keep-monthly", options.monthly, "and of N months")
      .option("-y,--keep-yearly", options.yearly, "and of N years")
      .option("--keep-within", options.within,
              "keep all within a span of the newest, such as 1y5m7d2h")
      .option("--keep-within-hourly", options.within_hourly, "one an hour within the span")
      .option("--keep-within-daily", options.within_daily, "one a day within the span")
      .option("--keep-within-weekly", options.within_weekly, "one a week within the span")
      .option("--keep-within-monthly", options.within_monthly, "one a month within the span")
      .option("--keep-within-yearly", options.within_yearly, "one a year within the span")
      .option("--keep-tag", options.keep_tags, "keep those with all of TAG[,TAG…]");
}

}  // namespace

void register_forget(Command& repo) {
  auto options = std::make_shared<Options>();
  Command& command = repo.subcommand("forget", "Remove snapshots that a policy does not keep");
  add_session_options(command, options->session);
  add_selection_options(command, options->selection, "--host");
  add_policy_options(command, *options);
  add_prune_options(command, options->prune_flags);
  command.arguments("SNAPSHOT", options->snapshots, "these, whatever a policy says", Need::optional)
      .option("-g,--group-by", options->group_by,
              "apply the policy to each host, paths or tags by themselves")
      .flag("--trust-times", options->trust_times,
            "take the snapshots' times as they are, as restic does")
      .flag("--unsafe-allow-remove-all", options->may_remove_all,
            "remove all snapshots of a host, path or tag where the policy keeps none")
      .flag("-c,--compact", options->compact, "list only what is kept")
      .flag("--prune", options->prune, "prune afterwards where snapshots were removed")
      .flag("-n,--dry-run", options->dry_run, "say what would be removed");
  command.on_run([options] {
    return with_repository(options->session, Locking::by_action,
                           [&](Session& session) { return forget(*options, session); });
  });
}

}  // namespace bulkhead::cli::repo
