// What the target of a restore holds already: which files are right as they are, which lack some
// blobs only, and what the snapshot does not have.
#pragma once

#include "repository/internal/confined_folder.h"
#include "repository/internal/restore_plan.h"

namespace bulkhead::repository {

// One for each planned file; those that must be made anew or kept are told by their type and times,
// the others by the digests of what they hold.
Result<std::vector<FileFate>> survey_files(Repository& repository, const ConfinedFolder& folder,
                                           const RestorePlan& plan, const RestoreOptions& options);

// A link, device or folder is there already, and `overwrite` says to leave it.
bool left_as_it_is(const ConfinedFolder& folder, const std::string& path, const Node& planned,
                   Overwrite overwrite);

// Paths in the target that the plan's folders do not have, as far as the patterns choose them.
Result<std::vector<std::string>> find_unexpected(const ConfinedFolder& folder,
                                                 const RestorePlan& plan,
                                                 const RestoreOptions& options);

}  // namespace bulkhead::repository
