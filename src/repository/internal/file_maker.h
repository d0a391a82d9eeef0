// Makes the new files of a restore: one maker for each thread. It keeps the folders open that it
// made files in last, so that a file costs one look-up of one name in place of three of its whole
// path, and gives a file its attributes by the descriptor that made it.
#pragma once

#include <array>

#include "repository/internal/confined_folder.h"
#include "repository/internal/restore_plan.h"

namespace bulkhead::repository {

class FileMaker {
 public:
  // All three outlive it.
  FileMaker(const ConfinedFolder& root, const RestorePlan& plan, const RestoreOptions& options)
      : root_(root), plan_(plan), options_(options) {}

  // Empty, and open for writing.
  Result<FileDescriptor> make(const PlannedNode& file);
  // Of a file that make() made: what is not yet right of its owner, attributes, mode and times.
  Result<void> apply_metadata(const FileDescriptor& made, const PlannedNode& file);

 private:
  struct Kept {
    std::size_t position = kTargetItself;
    std::optional<OpenFolder> folder;
  };
  Result<const OpenFolder*> folder_of(const PlannedNode& file);

  const ConfinedFolder& root_;
  const RestorePlan& plan_;
  const RestoreOptions& options_;
  std::array<Kept, 64> kept_;  // by position
};

}  // namespace bulkhead::repository
