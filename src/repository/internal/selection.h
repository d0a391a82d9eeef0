// What of the things found on disk belongs to a backup: excluded patterns, marked folders, sizes,
// and file systems. Thread-safe.
#pragma once

#include <string>
#include <vector>

#include "repository/backup.h"
#include "repository/exclude.h"

namespace bulkhead::repository {

class Selection {
 public:
  explicit Selection(const BackupOptions& options);

  bool wanted_by_path(const Path& path) const { return !excludes_.match(path.native()); }
  // `device` is that of the file system that the backup keeps to.
  bool wanted(const Node& node, std::uint64_t device) const;
  // What a folder holds does not belong to the backup, though the folder itself does.
  bool kept_empty(std::uint64_t device_of_folder, std::uint64_t device) const {
    return options_.one_file_system && device_of_folder != device;
  }
  // Leaves nothing but the mark where `folder` is marked.
  void apply_marks(const Path& folder, std::vector<std::string>& names) const;

 private:
  const BackupOptions& options_;
  const PathPatterns excludes_;
};

}  // namespace bulkhead::repository
