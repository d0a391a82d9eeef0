// The first stage of a backup: what is there, and which of it must be read.
#include <algorithm>
#include <cerrno>

#include <dirent.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include "repository/internal/backup_run.h"

namespace bulkhead::repository {
namespace {

struct DirectoryCloser {
  void operator()(DIR* directory) const { ::closedir(directory); }
};

Result<std::vector<std::string>> names_in(const Path& folder) {
  const std::unique_ptr<DIR, DirectoryCloser> directory(::opendir(folder.c_str()));
  if (!directory) return fail_errno(errno, "listing " + folder.native());
  std::vector<std::string> names;
  while (true) {
    errno = 0;
    const dirent* entry = ::readdir(directory.get());
    if (entry == nullptr) break;
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  if (errno != 0) return fail_errno(errno, "listing " + folder.native());
  std::ranges::sort(names);
  return names;
}

}  // namespace

Result<BackupRun::Listing> BackupRun::list(const PendingDirectory& directory,
                                           const TargetFolder& target) {
  Listing listing;
  if (target.whole) {
    if (selection_.kept_empty(directory.device, directory.allowed_device)) return listing;
    listing.names = TRY(names_in(directory.path));
    selection_.apply_marks(directory.path, listing.names);
    listing.targets.resize(listing.names.size(), nullptr);
  } else {
    for (const auto& [name, child] : target.children) {
      listing.names.push_back(name);
      listing.targets.push_back(&child);
    }
  }
  return listing;
}

// Fills the directory's nodes, and beside them which targets they are.
void BackupRun::read_nodes(PendingDirectory& directory, const Listing& listing,
                           std::vector<const TargetFolder*>& targets) {
  for (std::size_t i = 0; i < listing.names.size(); ++i) {
    const TargetFolder* target = listing.targets[i];
    const Path path = target ? target->source : directory.path / listing.names[i];
    if (!selection_.wanted_by_path(path)) continue;
    const Links links = target && !target->whole ? Links::follow : Links::keep;
    auto node =
        read_node(path, listing.names[i], links, owners_,
                  options_.keep_access_times ? AccessTimes::keep : AccessTimes::as_modified);
    if (node && !target && !selection_.wanted(*node, directory.allowed_device)) continue;
    directory.dropped.push_back(0);
    targets.push_back(target);
    if (node) {
      directory.nodes.push_back(*std::move(node));
    } else {
      directory.nodes.emplace_back();
      drop(directory, directory.nodes.size() - 1, path, node.error());
    }
  }
}

Result<void> BackupRun::scan(const DirectoryPointer& directory, const TargetFolder& target) {
  if (!directory->parent && target.whole) {
    struct stat status{};
    if (::stat(directory->path.c_str(), &status) != 0) {
      return fail_errno(errno, directory->path.native());
    }
    directory->device = directory->allowed_device = status.st_dev;
  }
  const Listing listing = TRY(list(*directory, target));
  std::vector<const TargetFolder*> targets;
  read_nodes(*directory, listing, targets);
  const Tree previous = previous_tree(directory->previous);
  for (std::size_t slot = 0; slot < directory->nodes.size(); ++slot) {
    if (stopped()) return {};
    if (!directory->dropped[slot]) dispatch(directory, slot, targets[slot], previous);
  }
  finish_part_of(directory);
  return {};
}

void BackupRun::dispatch(const DirectoryPointer& directory, std::size_t slot,
                         const TargetFolder* target, const Tree& previous) {
  Node& node = directory->nodes[slot];
  const Path path = target ? target->source : directory->path / node.name;
  const Node* before = previous.find(node.name);
  if (node.type == NodeType::directory) {
    static const TargetFolder kWhole{.source = {}, .whole = true, .children = {}};
    auto child = std::make_shared<PendingDirectory>();
    child->parent = directory;
    child->slot = slot;
    child->path = path;
    child->device = node.device_id;
    child->allowed_device = target ? node.device_id : directory->allowed_device;
    if (before) child->previous = before->subtree;
    directory->unfinished.fetch_add(1);
    const auto scanned = scan(child, target ? *target : kWhole);
    if (scanned) return;
    // A folder that cannot be listed is left out, as a file that cannot be read is.
    drop(*directory, slot, path, scanned.error());
    finish_part_of(directory);
    return;
  }
  if (node.type == NodeType::file) dispatch_file(directory, slot, path, before);
}

void BackupRun::dispatch_file(const DirectoryPointer& directory, std::size_t slot, const Path& path,
                              const Node* before) {
  Node& node = directory->nodes[slot];
  if (before && !options_.read_all && unchanged(node, *before)) {
    node.content = before->content;
    note_item(path, node, ItemChange::unchanged);
    state_.with([&](State& state) {
      ++state.summary.files_unmodified;
      ++state.summary.total_files_processed;
      state.summary.total_bytes_processed += node.size;
      ++state.progress.files_done;
      ++state.progress.files_found;
      state.progress.bytes_found += node.size;
      state.progress.bytes_done += node.size;
    });
    show_progress();
    return;
  }
  state_.with([&](State& state) {
    ++state.progress.files_found;
    state.progress.bytes_found += node.size;
  });
  auto file = std::make_shared<PendingFile>();
  file->directory = directory;
  file->slot = slot;
  file->path = path;
  file->is_new = before == nullptr;
  directory->unfinished.fetch_add(1);
  files_.push(std::move(file));
}

bool BackupRun::unchanged(const Node& node, const Node& previous) {
  return previous.type == NodeType::file && node.size == previous.size &&
         node.modified == previous.modified &&
         (options_.ignore_change_time || node.changed == previous.changed) &&
         (options_.ignore_inode || node.inode == previous.inode) &&
         std::ranges::all_of(previous.content, [&](const BlobId& id) {
           return repository_.index().reusable({BlobType::data, id});
         });
}

// Where it cannot be read, everything is read anew: a damaged parent costs time, not data.
Tree BackupRun::previous_tree(const std::optional<BlobId>& id) {
  if (!id) return {};
  auto tree = repository_.load_tree(*id);
  return tree ? *std::move(tree) : Tree{};
}

}  // namespace bulkhead::repository
