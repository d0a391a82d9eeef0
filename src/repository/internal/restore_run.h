// Carries a planned restore out: folders and whatever is no file first, then files by the order of
// the packs, on several threads, and the folders' own times and modes last.
#pragma once

#include "repository/internal/confined_folder.h"
#include "repository/internal/restore_plan.h"

namespace bulkhead::repository {

struct RestoreWork {
  RestorePlan plan;
  ContentPlan contents;
  std::vector<FileFate> fates;          // of the plan's files; empty: all are made
  std::vector<std::string> unexpected;  // to be deleted
};

RestoreAction action_of(FileFate::Kind fate);
Result<RestoreReport> run_restore(Repository& repository, const RestoreOptions& options,
                                  ConfinedFolder folder, RestoreWork work);

}  // namespace bulkhead::repository
