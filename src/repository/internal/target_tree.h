// The paths of a backup as one tree: what the snapshot's upper folders are, and where the folders
// and files begin that are taken whole.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/file.h"

namespace bulkhead::repository {

struct TargetFolder {
  Path source;         // where its attributes come from, and its contents where `whole`
  bool whole = false;  // everything below belongs to the backup
  std::map<std::string, TargetFolder> children;  // where not whole
};

// "." and "/" make the root itself whole. Kind invalid where two paths would be one, or nothing was
// given.
Result<TargetFolder> make_target_tree(const std::vector<std::string>& paths, const Path& directory);

// The absolute, normal form, as a snapshot records it.
std::string recorded_form(const std::string& path, const Path& directory);

}  // namespace bulkhead::repository
