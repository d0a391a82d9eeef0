#include <map>

#include <fmt/format.h>

#include "cli/repo/output.h"
#include "cli/repo/selection.h"
#include "cli/repo/session.h"
#include "cli/repo/snapshot_output.h"
#include "cli/repo/verbs.h"

namespace bulkhead::cli::repo {
namespace {

using repository::Snapshot;

struct Options {
  SessionOptions session;
  SelectionOptions selection;
  std::vector<std::string> ids;
  std::string group_by;
  std::uint64_t latest = 0;
  bool compact = false;
};

struct GroupKey {
  std::string host;
  std::vector<std::string> paths;
  std::vector<std::string> tags;
  auto operator<=>(const GroupKey&) const = default;
};

struct Grouping {
  bool host = false;
  bool paths = false;
  bool tags = false;
};

Result<Grouping> parse_grouping(const std::string& text) {
  Grouping grouping;
  for (const std::string& word : split_tags({text})) {
    if (word == "host" || word == "hosts") grouping.host = true;
    else if (word == "path" || word == "paths") grouping.paths = true;
    else if (word == "tag" || word == "tags") grouping.tags = true;
    else return fail(ErrorKind::invalid, "--group-by takes host, paths and tags, not " + word);
  }
  return grouping;
}

using Groups = std::map<GroupKey, std::vector<Snapshot>>;

Groups group(const std::vector<Snapshot>& snapshots, const Grouping& grouping) {
  Groups groups;
  for (const Snapshot& snapshot : snapshots) {
    GroupKey key;
    if (grouping.host) key.host = snapshot.hostname;
    if (grouping.paths) key.paths = snapshot.paths;
    if (grouping.tags) key.tags = snapshot.tags;
    groups[key].push_back(snapshot);
  }
  return groups;
}

// The newest of each host and paths, in the order of their times.
std::vector<Snapshot> newest_of_each(const std::vector<Snapshot>& snapshots, std::uint64_t count) {
  std::map<GroupKey, std::uint64_t> seen;
  std::vector<Snapshot> kept;
  for (auto snapshot = snapshots.rbegin(); snapshot != snapshots.rend(); ++snapshot) {
    if (++seen[{snapshot->hostname, snapshot->paths, {}}] <= count) kept.push_back(*snapshot);
  }
  return {kept.rbegin(), kept.rend()};
}

// What the groups are not made by is null, as restic has it.
json::Value value_of(const std::vector<std::string>& texts) {
  if (texts.empty()) return nullptr;
  return json::Array(texts.begin(), texts.end());
}

Result<void> print_json(const Groups& groups, bool grouped) {
  json::Array all;
  for (const auto& [key, snapshots] : groups) {
    json::Array array;
    for (const Snapshot& snapshot : snapshots) array.emplace_back(TRY(to_json(snapshot)));
    if (!grouped) return print_output(json::write(array) + "\n");
    json::Object name{
        {"hostname", key.host}, {"paths", value_of(key.paths)}, {"tags", value_of(key.tags)}};
    all.emplace_back(json::Object{{"group_key", name}, {"snapshots", std::move(array)}});
  }
  return print_output(json::write(all) + "\n");
}

Result<void> print_text(const Groups& groups, const Options& options) {
  for (const auto& [key, snapshots] : groups) {
    if (!options.group_by.empty()) {
      TRY(print_output(fmt::format("snapshots{}{}{}:\n",
                                   key.host.empty() ? "" : " of host " + show_name(key.host),
                                   key.paths.empty() ? "" : " of " + joined(key.paths),
                                   key.tags.empty() ? "" : " with tags " + joined(key.tags))));
    }
    TRY(print_output(snapshot_table(snapshots, options.compact)));
  }
  return {};
}

Result<int> snapshots(const Options& options, Session& session) {
  const Grouping grouping = TRY(parse_grouping(options.group_by));
  std::vector<Snapshot> found =
      TRY(find_snapshots(session.repository, options.ids, options.selection));
  if (options.latest > 0) found = newest_of_each(found, options.latest);
  Groups groups = group(found, grouping);
  const bool grouped = !options.group_by.empty();
  if (groups.empty() && !grouped) groups[GroupKey{}] = {};
  if (options.session.json) TRY(print_json(groups, grouped));
  else TRY(print_text(groups, options));
  return kExitSuccess;
}

}  // namespace

void register_snapshots(Command& repo) {
  auto options = std::make_shared<Options>();
  Command& command = repo.subcommand("snapshots", "List the snapshots");
  add_session_options(command, options->session);
  add_selection_options(command, options->selection);
  command.arguments("SNAPSHOT", options->ids, "only these", Need::optional)
      .option("-g,--group-by", options->group_by, "group by host, paths, tags")
      .option("--latest", options->latest, "only the last N of each host and path")
      .flag("-c,--compact", options->compact, "leave out tags and paths");
  command.on_run([options] {
    return with_repository(options->session, Locking::none,
                           [&](Session& session) { return snapshots(*options, session); });
  });
}

}  // namespace bulkhead::cli::repo
