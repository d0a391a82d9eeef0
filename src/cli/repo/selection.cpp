#include "cli/repo/selection.h"

#include <cstdlib>

#include "base/text.h"

namespace bulkhead::cli::repo {

void add_selection_options(Command& command, SelectionOptions& options, std::string host) {
  command.option(std::move(host), options.hosts, "only snapshots of this host")
      .option("--tag", options.tags, "only snapshots with all of TAG[,TAG…]")
      .option("--path", options.paths, "only snapshots of this path");
}

std::vector<std::string> split_tags(const std::vector<std::string>& given) {
  std::vector<std::string> tags;
  for (const std::string& list : given) {
    for (const std::string_view tag : split(list, ',')) {
      if (!trim(tag).empty()) tags.emplace_back(trim(tag));
    }
  }
  return tags;
}

repository::SnapshotFilter filter_of(const SelectionOptions& options) {
  repository::SnapshotFilter filter{.hosts = options.hosts, .paths = options.paths, .tags = {}};
  const char* host = std::getenv("RESTIC_HOST");
  if (filter.hosts.empty() && host != nullptr) filter.hosts.emplace_back(host);
  // --host '' is for all, whatever the variable says.
  std::erase(filter.hosts, "");
  for (const std::string& list : options.tags) filter.tags.push_back(split_tags({list}));
  return filter;
}

void add_snapshot_argument(Command& command, SnapshotChoice& choice) {
  add_selection_options(command, choice.selection);
  command.argument("SNAPSHOT", choice.snapshot,
                   "an id, its beginning, or \"latest\"; ID:FOLDER for a part of it",
                   Need::required);
}

Result<ChosenSnapshot> find_snapshot(repository::Repository& repository,
                                     const SnapshotChoice& choice) {
  const auto parts = split_once(choice.snapshot, ':');
  const std::string_view id = parts ? parts->first : choice.snapshot;
  ChosenSnapshot chosen;
  chosen.snapshot = TRY(repository.find_snapshot(id, filter_of(choice.selection)));
  if (parts) chosen.subfolder = parts->second;
  return chosen;
}

Result<std::vector<repository::Snapshot>> find_snapshots(repository::Repository& repository,
                                                         const std::vector<std::string>& ids,
                                                         const SelectionOptions& selection) {
  const repository::SnapshotFilter filter = filter_of(selection);
  if (ids.empty()) return repository.snapshots(filter);
  std::vector<repository::Snapshot> found;
  for (const std::string& id : ids) found.push_back(TRY(repository.find_snapshot(id, filter)));
  return found;
}

}  // namespace bulkhead::cli::repo
