#include "cli/repo/selection.h"

#include "base/text.h"

namespace bulkhead::cli::repo {

void add_selection_options(Command& command, SelectionOptions& options) {
  command.option("-H,--host", options.hosts, "only snapshots of this host")
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
  for (const std::string& list : options.tags) filter.tags.push_back(split_tags({list}));
  return filter;
}

}  // namespace bulkhead::cli::repo
