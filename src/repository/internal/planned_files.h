// The files of a restore, of which there may be millions: each in some 60 bytes, its name and its
// blobs' ids, rather than as a Node. Only what a restore needs is kept: no owner's name, no inode,
// and no time of change.
#pragma once

#include <deque>
#include <string_view>
#include <vector>

#include "repository/tree.h"

namespace bulkhead::repository {

inline constexpr std::size_t kTargetItself = SIZE_MAX;

struct PlannedNode {
  Node node;
  std::size_t folder = kTargetItself;  // that holds it: position in the plan's directories
};

// Thread-safe once everything is added.
class PlannedFiles {
 public:
  void add(const Node& file, std::size_t folder);

  std::size_t size() const { return entries_.size(); }
  PlannedNode operator[](std::size_t i) const;
  // The same, one by one and at less cost.
  std::size_t folder(std::size_t i) const;
  std::string_view name(std::size_t i) const;
  std::uint64_t bytes(std::size_t i) const { return entries_[i].bytes; }
  std::size_t parts(std::size_t i) const { return entries_[i].parts; }
  BlobId part(std::size_t i, std::size_t position) const;

 private:
  struct Entry {
    const std::uint8_t* text;  // its name, and the ids of its parts
    std::uint64_t bytes;
    WallTime modified;
    WallTime accessed;
    std::uint32_t folder;
    std::uint32_t name_size;
    std::uint32_t parts;
    std::uint32_t attributes;  // position in attributes_
    std::uint32_t uid;
    std::uint32_t gid;
    std::uint32_t mode;
  };

  std::uint8_t* take(std::size_t size);
  std::uint32_t position_of(const std::vector<ExtendedAttribute>& attributes);

  std::deque<Entry> entries_;  // needs no second copy to grow
  std::vector<Bytes> blocks_;  // what the entries point into
  std::size_t used_ = 0;       // of the last block
  // Most files have none; and of those that have, most have the same as the one before.
  std::vector<std::vector<ExtendedAttribute>> attributes_ = {{}};
};

}  // namespace bulkhead::repository
