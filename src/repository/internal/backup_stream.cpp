// A backup of what comes out of a stream, as one file in folders that are on no disk.
#include <unistd.h>

#include "base/text.h"
#include "repository/internal/backup_run.h"

namespace bulkhead::repository {
namespace {

Node made_up_node(std::string name, NodeType type, std::uint32_t mode, WallTime time) {
  Node node;
  node.name = std::move(name);
  node.type = type;
  node.mode = mode;
  node.modified = node.accessed = node.changed = time;
  node.uid = ::geteuid();
  node.gid = ::getegid();
  return node;
}

}  // namespace

Result<void> BackupRun::scan_stream(const DirectoryPointer& root) {
  std::vector<std::string> parts;
  for (const std::string_view part : split(options_.stream->name, '/')) {
    if (part == "..") return fail(ErrorKind::invalid, "a stream's file name cannot hold \"..\"");
    if (!part.empty() && part != ".") parts.emplace_back(part);
  }
  if (parts.empty()) return fail(ErrorKind::invalid, "the stream's file has no name");
  const WallTime time = repository_.clock().now();
  DirectoryPointer directory = root;
  directory->path = "/";
  for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
    directory->nodes.push_back(made_up_node(parts[i], NodeType::directory, 0755, time));
    directory->dropped.push_back(0);
    directory->is_new.push_back(1);
    directory->targets.push_back(nullptr);
    auto child = std::make_shared<PendingDirectory>();
    child->parent = directory;
    child->path = directory->path / parts[i];
    // Its own scan is done with it, and it is the one part of the folder above: the two counts of
    // `unfinished` that each folder begins with stay as they are.
    directory = std::move(child);
  }
  directory->nodes.push_back(made_up_node(parts.back(), NodeType::file, 0644, time));
  directory->dropped.push_back(0);
  directory->is_new.push_back(1);
  directory->targets.push_back(nullptr);
  auto file = std::make_shared<PendingFile>();
  file->directory = directory;
  file->path = directory->path / parts.back();
  file->stream = options_.stream->fd;
  state_.with([](State& state) { ++state.progress.files_found; });
  work_.add_stream(std::move(file));
  return {};
}

}  // namespace bulkhead::repository
