#include "repository/mount/inode_table.h"

namespace bulkhead::repository {
namespace {

// Names hold no '/'.
std::string key_of(InodeNumber parent, std::string_view name) {
  return std::to_string(parent).append("/").append(name);
}

}  // namespace

InodeTable::InodeTable() { entries_[kRootInode].lookups = 1; }

InodeNumber InodeTable::look_up(InodeNumber parent, std::string_view name, Inode inode) {
  std::string key = key_of(parent, name);
  const std::lock_guard lock(mutex_);
  const auto [at, added] = by_key_.try_emplace(key, next_);
  Entry& entry = entries_[at->second];
  ++entry.lookups;
  if (added) {
    ++next_;
    entry.key = std::move(key);
  }
  // What is above the snapshots may have changed.
  if (added || inode.kind != Inode::Kind::node) entry.inode = std::move(inode);
  return at->second;
}

void InodeTable::forget(InodeNumber number, std::uint64_t lookups) {
  const std::lock_guard lock(mutex_);
  const auto at = entries_.find(number);
  if (at == entries_.end() || number == kRootInode) return;
  at->second.lookups -= std::min(lookups, at->second.lookups);
  if (at->second.lookups != 0) return;
  by_key_.erase(at->second.key);
  entries_.erase(at);
}

std::optional<Inode> InodeTable::find(InodeNumber number) const {
  const std::lock_guard lock(mutex_);
  const auto at = entries_.find(number);
  if (at == entries_.end()) return std::nullopt;
  return at->second.inode;
}

std::size_t InodeTable::size() const {
  const std::lock_guard lock(mutex_);
  return entries_.size();
}

}  // namespace bulkhead::repository
