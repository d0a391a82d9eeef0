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

// Fills the directory's nodes, and what stands beside them.
void BackupRun::read_nodes(PendingDirectory& directory, const Listing& listing,
                           const Tree& previous, Worker& worker) {
  const AccessTimes access_times =
      options_.keep_access_times ? AccessTimes::keep : AccessTimes::as_modified;
  directory.nodes.reserve(listing.names.size());
  for (std::size_t i = 0; i < listing.names.size(); ++i) {
    const TargetFolder* target = listing.targets[i];
    const Path path = target ? target->source : directory.path / listing.names[i];
    if (!selection_.wanted_by_path(path)) continue;
    const Links links = target && !target->whole ? Links::follow : Links::keep;
    const Node* before = previous.find(listing.names[i]);
    if (before && before->changed >= settled_before_) before = nullptr;
    auto node = read_node(path, listing.names[i], links, worker.owners, access_times, before);
    if (node && !target && !selection_.wanted(*node, directory.allowed_device)) continue;
    directory.dropped.push_back(0);
    directory.is_new.push_back(0);
    directory.targets.push_back(target);
    if (node) {
      directory.nodes.push_back(*std::move(node));
    } else {
      directory.nodes.emplace_back();
      drop(directory, directory.nodes.size() - 1, path, node.error());
    }
  }
}

Result<void> BackupRun::scan(const DirectoryPointer& directory, const TargetFolder& target,
                             Worker& worker) {
  if (!directory->parent && target.whole) {
    struct stat status{};
    if (::stat(directory->path.c_str(), &status) != 0) {
      return fail_errno(errno, directory->path.native());
    }
    directory->device = directory->allowed_device = status.st_dev;
  }
  const Listing listing = TRY(list(*directory, target));
  const Tree previous = previous_tree(directory->previous);
  read_nodes(*directory, listing, previous, worker);
  hand_out(directory, previous, worker);
  finish_part_of(directory, worker);
  return {};
}

// What is as it was is done; files and folders become work for everyone.
void BackupRun::hand_out(const DirectoryPointer& directory, const Tree& previous, Worker& worker) {
  // So many files, or so many bytes, are worth a hand-over.
  constexpr std::size_t kFilesTogether = 32;
  constexpr std::uint64_t kBytesTogether = 4 << 20;
  std::vector<BackupWork::Folder> folders;
  std::vector<BackupWork::Files> batches;
  std::uint64_t batch_bytes = 0;
  Counts unchanged_files;
  Counts to_read;
  for (std::size_t slot = 0; slot < directory->nodes.size(); ++slot) {
    if (directory->dropped[slot]) continue;
    Node& node = directory->nodes[slot];
    const Node* before = previous.find(node.name);
    if (node.type == NodeType::directory) {
      folders.push_back(folder_below(directory, slot, before));
    }
    if (node.type != NodeType::file) continue;
    if (before && !options_.read_all && unchanged(node, *before)) {
      node.content = before->content;
      note_item(directory->source_of(slot), node, ItemChange::unchanged);
      unchanged_files.add(node.size);
      continue;
    }
    directory->is_new[slot] = before == nullptr;
    to_read.add(node.size);
    if (batches.empty() || batches.back().slots.size() >= kFilesTogether ||
        batch_bytes >= kBytesTogether) {
      batches.push_back({directory, {}});
      batch_bytes = 0;
    }
    batches.back().slots.push_back(slot);
    batch_bytes += node.size;
  }
  directory->unfinished.fetch_add(folders.size() + to_read.files);
  count(unchanged_files, to_read);
  if (!folders.empty()) work_.add(std::move(folders));
  if (batches.empty()) return;
  // The first of them here and now, after the others could be taken.
  for (std::size_t i = batches.size(); i-- > 1;) work_.add(std::move(batches[i]));
  read_files(batches.front(), worker);
}

BackupWork::Folder BackupRun::folder_below(const DirectoryPointer& directory, std::size_t slot,
                                           const Node* before) {
  const Node& node = directory->nodes[slot];
  const TargetFolder* const target = directory->targets[slot];
  auto child = std::make_shared<PendingDirectory>();
  child->parent = directory;
  child->slot = slot;
  child->path = directory->source_of(slot);
  child->device = node.device_id;
  child->allowed_device = target ? node.device_id : directory->allowed_device;
  if (before) child->previous = before->subtree;
  return {std::move(child), target};
}

void BackupRun::count(const Counts& unchanged, const Counts& to_read) {
  if (unchanged.files + to_read.files == 0) return;
  state_.with([&](State& state) {
    state.summary.files_unmodified += unchanged.files;
    state.summary.total_files_processed += unchanged.files;
    state.summary.total_bytes_processed += unchanged.bytes;
    state.progress.files_done += unchanged.files;
    state.progress.bytes_done += unchanged.bytes;
    state.progress.files_found += unchanged.files + to_read.files;
    state.progress.bytes_found += unchanged.bytes + to_read.bytes;
  });
  show_progress(Show::when_due);
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
