// Where blobs are, in order of their ids: 46 bytes for each and 256 KiB for the table. The first
// two bytes of an id are said by the row's bucket; the other 30, and 16 for the place, are stored:
//   u32 bucket_ends[65536] ‖ u8 ids[n][30] ‖ Place places[n]
// The same bytes serve in memory and in the cache on disk (index_cache.h), where they are mapped.
// A table is immutable; it may be shared by threads.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "repository/blob.h"

namespace bulkhead::repository {

class BlobTable {
 public:
  struct Place {
    std::uint32_t pack_and_type;  // position among the packs; the top bit says that it is a tree
    std::uint32_t offset;
    std::uint32_t sealed_size;
    std::uint32_t raw_size;

    static Place of(const PackedBlob& blob, std::uint32_t pack);
    std::uint32_t pack() const { return pack_and_type & ~kTree; }
    BlobType type() const { return pack_and_type & kTree ? BlobType::tree : BlobType::data; }
    PackedBlob blob(const BlobId& id) const;
    bool operator==(const Place&) const = default;

    static constexpr std::uint32_t kTree = std::uint32_t{1} << 31;
  };
  struct Row {
    BlobId id;
    Place place;
  };
  static constexpr std::size_t kPacksMax = Place::kTree;

  BlobTable(BlobTable&&) noexcept = default;
  BlobTable& operator=(BlobTable&&) noexcept = default;

  static BlobTable from(std::vector<Row> rows);
  // Rows that both have are in the result once.
  static BlobTable merge(const BlobTable& a, const BlobTable& b);
  // Of bytes that stay where they are as long as `owner` lives. Kind corrupt where they are no
  // table of `count` rows that refer to less than `packs` packs.
  static Result<BlobTable> view(ByteView bytes, std::size_t count, std::size_t packs,
                                std::shared_ptr<const void> owner);

  std::size_t size() const { return count_; }
  bool owns_its_bytes() const { return !owner_; }
  ByteView bytes() const { return bytes_; }
  static std::uint64_t bytes_of(std::uint64_t count);

  // Positions of all rows of the id: [first, last).
  std::pair<std::size_t, std::size_t> find(const BlobId& id) const;
  Place place(std::size_t row) const;
  // Calls for each row in order.
  template <typename Function>
  void for_each(Function&& function) const;

 private:
  static constexpr std::size_t kBuckets = 1 << 16;
  static constexpr std::size_t kTailSize = 30;

  explicit BlobTable(std::size_t count);
  void append(const BlobId& id, const Place& place);
  void fill_end();
  std::uint32_t bucket_end(std::size_t bucket) const;
  BlobId id_of(std::size_t row, std::size_t bucket) const;

  Bytes own_;
  ByteView bytes_;
  // Shared with the other views of a mapped file.
  std::shared_ptr<const void> owner_;
  std::size_t count_ = 0;
  std::size_t filled_ = 0;
  std::size_t bucket_ = 0;
};

template <typename Function>
void BlobTable::for_each(Function&& function) const {
  std::size_t row = 0;
  for (std::size_t bucket = 0; bucket < kBuckets; ++bucket) {
    for (const std::size_t end = bucket_end(bucket); row < end; ++row) {
      function(id_of(row, bucket), place(row));
    }
  }
}

}  // namespace bulkhead::repository
