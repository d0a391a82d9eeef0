// The numbers by which the kernel knows what it has seen: handed out on the first look-up, given
// back when the kernel has forgotten as many look-ups as it made. Thread-safe.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <unordered_map>

#include "repository/mount/blob_reader.h"
#include "repository/mount/snapshot_folders.h"

namespace bulkhead::repository {

using InodeNumber = std::uint64_t;
inline constexpr InodeNumber kRootInode = 1;

struct Inode {
  enum class Kind {
    virtual_folder,  // above the snapshots
    latest,          // the link beside them
    snapshot,        // a snapshot's root folder
    node,            // something in a snapshot
  };
  Kind kind = Kind::virtual_folder;
  std::string path;            // of what is above the snapshots and of them; "" for the root
  BlobReader::Place place;     // of a node
  std::optional<BlobId> tree;  // of a folder in a snapshot, and of its root
  WallTime time{};             // of a snapshot
  std::string target;          // of the link
};

class InodeTable {
 public:
  InodeTable();

  // Counts one look-up.
  InodeNumber look_up(InodeNumber parent, std::string_view name, Inode inode);
  void forget(InodeNumber number, std::uint64_t lookups);
  // nullopt for numbers that nobody was given.
  std::optional<Inode> find(InodeNumber number) const;
  std::size_t size() const;

 private:
  struct Entry {
    Inode inode;
    std::string key;  // parent and name
    std::uint64_t lookups = 0;
  };

  mutable std::mutex mutex_;
  InodeNumber next_ = kRootInode + 1;
  std::unordered_map<InodeNumber, Entry> entries_;
  std::unordered_map<std::string, InodeNumber> by_key_;
};

}  // namespace bulkhead::repository
