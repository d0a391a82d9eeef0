// Which snapshots a verb is about: --host, --tag, --path, and an id or "latest".
#pragma once

#include "cli/command.h"
#include "repository/snapshot.h"

namespace bulkhead::cli::repo {

struct SelectionOptions {
  std::vector<std::string> hosts;
  std::vector<std::string> tags;  // each "a,b": all of them
  std::vector<std::string> paths;
};

void add_selection_options(Command& command, SelectionOptions& options);
repository::SnapshotFilter filter_of(const SelectionOptions& options);
// "a,b" and "c" as a, b, c.
std::vector<std::string> split_tags(const std::vector<std::string>& given);

}  // namespace bulkhead::cli::repo
