// Every copy of every blob of a repository in one sorted array, with room for what prune and repair
// find out about it: 49 bytes a copy, whatever else the repository holds. Filled by one thread;
// then find() and claim() may be called by several.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "repository/blob.h"

namespace bulkhead::repository {

class CopyTable {
 public:
  struct Copy {
    BlobId id;
    std::uint32_t pack_and_type;  // the pack's number, then one bit for the type
    std::uint32_t offset;
    std::uint32_t sealed_size;
    std::uint32_t raw_size;

    BlobType type() const { return (pack_and_type & 1) != 0 ? BlobType::tree : BlobType::data; }
    std::uint32_t pack() const { return pack_and_type >> 1; }
    PackedBlob blob() const { return {type(), id, offset, sealed_size, raw_size}; }
  };

  void add(std::uint32_t pack, const PackedBlob& blob);
  // Sorts; nothing is added after it. The same copy named twice is one.
  void finish();

  std::size_t size() const { return copies_.size(); }
  const Copy& at(std::size_t position) const { return copies_[position]; }

  // Copies of one blob stand side by side: the positions [begin, end), empty where there is none.
  struct Range {
    std::size_t begin = 0;
    std::size_t end = 0;
    bool empty() const { return begin == end; }
  };
  Range find(const BlobKey& key) const;
  // The range that begins at a position.
  Range range_at(std::size_t begin) const;

  // Says that the blob is needed; true for the first who says so.
  bool claim(const Range& range);
  bool claimed(const Range& range) const { return (marks_[range.begin].load() & kClaimed) != 0; }
  // This copy is the one that stays.
  void keep(std::size_t position) { marks_[position].fetch_or(kKept); }
  bool kept(std::size_t position) const { return (marks_[position].load() & kKept) != 0; }

 private:
  static constexpr std::uint8_t kClaimed = 1;
  static constexpr std::uint8_t kKept = 2;
  static constexpr std::size_t kBuckets = 1 << 16;

  std::vector<Copy> copies_;
  std::vector<std::size_t> bucket_begins_;  // by the first two bytes of the id
  std::unique_ptr<std::atomic<std::uint8_t>[]> marks_;
};

}  // namespace bulkhead::repository
