// Which snapshots a verb is about: --host, --tag, --path, and ids or "latest".
#pragma once

#include "cli/command.h"
#include "repository/repository.h"

namespace bulkhead::cli::repo {

struct SelectionOptions {
  std::vector<std::string> hosts;
  std::vector<std::string> tags;  // each "a,b": all of them
  std::vector<std::string> paths;
};

// `host`: restic's forget has another -H.
void add_selection_options(Command& command, SelectionOptions& options,
                           std::string host = "-H,--host");
repository::SnapshotFilter filter_of(const SelectionOptions& options);
// "a,b" and "c" as a, b, c.
std::vector<std::string> split_tags(const std::vector<std::string>& given);

// One snapshot, or a folder in it, as restic writes them: "latest", "1f2e3d", "1f2e3d:/etc".
struct SnapshotChoice {
  std::string snapshot;
  SelectionOptions selection;  // where it is "latest"
};
void add_snapshot_argument(Command& command, SnapshotChoice& choice);

struct ChosenSnapshot {
  repository::Snapshot snapshot;
  std::string subfolder;
};
Result<ChosenSnapshot> find_snapshot(repository::Repository& repository,
                                     const SnapshotChoice& choice);

// Those of the ids, in their order; without ids all that match, by their times.
Result<std::vector<repository::Snapshot>> find_snapshots(repository::Repository& repository,
                                                         const std::vector<std::string>& ids,
                                                         const SelectionOptions& selection);

}  // namespace bulkhead::cli::repo
