// What prune takes, alone and as `forget --prune`, and how its outcome is shown.
#pragma once

#include "cli/command.h"
#include "cli/repo/session.h"
#include "repository/prune.h"

namespace bulkhead::cli::repo {

struct PruneFlags {
  std::string max_unused = "5%";
  std::string max_repack_size;
  std::string keep_delete = "23h";
  bool repack_small = false;
  bool repack_uncompressed = false;
  bool repack_trees_only = false;
  std::string repack_smaller_than;
};

void add_prune_options(Command& command, PruneFlags& flags);
Result<repository::PruneReport> run_prune(Session& session, const PruneFlags& flags,
                                          const SessionOptions& session_options,
                                          repository::DryRun dry_run);
// The exit status; damaged packs make it kExitIncomplete.
int print_prune(const repository::PruneReport& report, const SessionOptions& session,
                repository::DryRun dry_run);

}  // namespace bulkhead::cli::repo
