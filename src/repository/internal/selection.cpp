#include "repository/internal/selection.h"

#include <algorithm>

#include <fcntl.h>

namespace bulkhead::repository {
namespace {

bool begins_with(const Path& path, const std::string& header) {
  if (header.empty()) return true;
  const auto file = open_file(path, O_RDONLY | O_NONBLOCK);
  if (!file) return false;
  std::string begin(header.size(), '\0');
  std::size_t got = 0;
  while (got < begin.size()) {
    const MutableByteView rest{reinterpret_cast<std::uint8_t*>(begin.data()) + got,
                               begin.size() - got};
    const auto read = read_some(file->get(), rest);
    if (!read || *read == 0) return false;
    got += *read;
  }
  return begin == header;
}

}  // namespace

Selection::Selection(const BackupOptions& options)
    : options_(options), excludes_(options.excludes, options.excludes_any_case) {}

bool Selection::wanted(const Node& node, std::uint64_t device) const {
  if (node.type == NodeType::file && options_.file_size_max &&
      node.size > *options_.file_size_max) {
    return false;
  }
  // Of folders the mount point itself stays.
  return !options_.one_file_system || node.type == NodeType::directory || node.device_id == device;
}

void Selection::apply_marks(const Path& folder, std::vector<std::string>& names) const {
  for (const FolderMark& mark : options_.exclude_folders_with) {
    const bool marked = std::ranges::find(names, mark.name) != names.end() &&
                        begins_with(folder / mark.name, mark.header);
    if (marked) names = {mark.name};
  }
}

}  // namespace bulkhead::repository
