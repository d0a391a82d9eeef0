#include "repository/internal/file_maker.h"

namespace bulkhead::repository {

Result<const OpenFolder*> FileMaker::folder_of(const PlannedNode& file) {
  Kept& kept = kept_[file.folder % kept_.size()];
  if (!kept.folder || kept.position != file.folder) {
    static const std::string kTarget;
    const bool top = file.folder == kTargetItself;
    kept.folder.reset();
    kept.folder = TRY(root_.open_folder(top ? kTarget : plan_.directories[file.folder].path));
    kept.position = file.folder;
  }
  return &*kept.folder;
}

Result<FileDescriptor> FileMaker::make(const PlannedNode& file) {
  const OpenFolder* const folder = TRY(folder_of(file));
  return make_file_in(*folder, file.node.name, options_.existing);
}

Result<void> FileMaker::apply_metadata(const FileDescriptor& made, const PlannedNode& file) {
  const OpenFolder* const folder = TRY(folder_of(file));
  return apply_to_new_file(made, *folder, file.node, options_.ownership);
}

}  // namespace bulkhead::repository
