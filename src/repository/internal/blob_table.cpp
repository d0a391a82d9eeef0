#include "repository/internal/blob_table.h"

#include <algorithm>
#include <cstring>
#include <tuple>

#include "base/check.h"

namespace bulkhead::repository {
namespace {

std::size_t bucket_of(const BlobId& id) {
  return static_cast<std::size_t>(id.bytes()[0]) << 8 | id.bytes()[1];
}

bool before(const BlobTable::Row& a, const BlobTable::Row& b) {
  return std::tie(a.id, a.place.pack_and_type, a.place.offset) <
         std::tie(b.id, b.place.pack_and_type, b.place.offset);
}
bool same(const BlobTable::Row& a, const BlobTable::Row& b) {
  return a.id == b.id && a.place == b.place;
}

}  // namespace

BlobTable::Place BlobTable::Place::of(const PackedBlob& blob, std::uint32_t pack) {
  CHECK(pack < kPacksMax);
  return {pack | (blob.type == BlobType::tree ? kTree : 0), blob.offset, blob.sealed_size,
          blob.raw_size};
}

PackedBlob BlobTable::Place::blob(const BlobId& id) const {
  return {type(), id, offset, sealed_size, raw_size};
}

std::uint64_t BlobTable::bytes_of(std::uint64_t count) {
  return kBuckets * sizeof(std::uint32_t) + count * (kTailSize + sizeof(Place));
}

BlobTable::BlobTable(std::size_t count) : own_(bytes_of(count)), bytes_(own_), count_(count) {
  CHECK(count <= UINT32_MAX);
}

void BlobTable::append(const BlobId& id, const Place& place) {
  const std::size_t bucket = bucket_of(id);
  const auto row = static_cast<std::uint32_t>(filled_++);
  for (; bucket_ < bucket; ++bucket_)
    std::memcpy(own_.data() + bucket_ * sizeof row, &row, sizeof row);
  std::uint8_t* const tails = own_.data() + kBuckets * sizeof row;
  std::memcpy(tails + row * kTailSize, id.bytes().data() + 2, kTailSize);
  std::memcpy(tails + count_ * kTailSize + row * sizeof place, &place, sizeof place);
}

void BlobTable::fill_end() {
  CHECK(filled_ <= count_);
  const auto end = static_cast<std::uint32_t>(filled_);
  for (; bucket_ < kBuckets; ++bucket_)
    std::memcpy(own_.data() + bucket_ * sizeof end, &end, sizeof end);
  if (filled_ < count_) {
    std::uint8_t* const tails = own_.data() + kBuckets * sizeof end;
    std::memmove(tails + filled_ * kTailSize, tails + count_ * kTailSize, filled_ * sizeof(Place));
    count_ = filled_;
    own_.resize(bytes_of(count_));
  }
  bytes_ = own_;
}

BlobTable BlobTable::from(std::vector<Row> rows) {
  std::ranges::sort(rows, before);
  rows.erase(std::unique(rows.begin(), rows.end(), same), rows.end());
  BlobTable table(rows.size());
  for (const Row& row : rows) table.append(row.id, row.place);
  table.fill_end();
  return table;
}

BlobTable BlobTable::merge(const BlobTable& a, const BlobTable& b) {
  BlobTable merged(a.size() + b.size());
  std::size_t left = 0;
  std::size_t right = 0;
  for (std::size_t bucket = 0; bucket < kBuckets; ++bucket) {
    const std::size_t left_end = a.bucket_end(bucket);
    const std::size_t right_end = b.bucket_end(bucket);
    while (left < left_end || right < right_end) {
      if (right == right_end) {
        merged.append(a.id_of(left, bucket), a.place(left));
        ++left;
        continue;
      }
      const Row other{b.id_of(right, bucket), b.place(right)};
      if (left == left_end) {
        merged.append(other.id, other.place);
        ++right;
        continue;
      }
      const Row row{a.id_of(left, bucket), a.place(left)};
      const Row& first = before(other, row) ? other : row;
      merged.append(first.id, first.place);
      left += !before(other, row);
      right += !before(row, other);
    }
  }
  merged.fill_end();
  return merged;
}

Result<BlobTable> BlobTable::view(ByteView bytes, std::size_t count, std::size_t packs,
                                  std::shared_ptr<const void> owner) {
  BlobTable table(0);
  if (count > UINT32_MAX || bytes.size() != bytes_of(count)) {
    return fail(ErrorKind::corrupt, "the table has another length than it says");
  }
  table.own_ = {};
  table.bytes_ = bytes;
  table.count_ = count;
  table.owner_ = std::move(owner);
  std::uint32_t last = 0;
  for (std::size_t bucket = 0; bucket < kBuckets; ++bucket) {
    const std::uint32_t end = table.bucket_end(bucket);
    if (end < last || end > count) return fail(ErrorKind::corrupt, "the table's buckets overlap");
    last = end;
  }
  if (last != count) return fail(ErrorKind::corrupt, "the table's buckets do not hold all rows");
  if (packs > kPacksMax) return fail(ErrorKind::corrupt, "the table has too many packs");
  return table;
}

std::uint32_t BlobTable::bucket_end(std::size_t bucket) const {
  std::uint32_t end;
  std::memcpy(&end, bytes_.data() + bucket * sizeof end, sizeof end);
  return end;
}

BlobId BlobTable::id_of(std::size_t row, std::size_t bucket) const {
  std::array<std::uint8_t, BlobId::kSize> id;
  id[0] = static_cast<std::uint8_t>(bucket >> 8);
  id[1] = static_cast<std::uint8_t>(bucket);
  const std::uint8_t* const tails = bytes_.data() + kBuckets * sizeof(std::uint32_t);
  std::memcpy(id.data() + 2, tails + row * kTailSize, kTailSize);
  return BlobId::from_bytes(id);
}

BlobTable::Place BlobTable::place(std::size_t row) const {
  Place place;
  const std::size_t begin = kBuckets * sizeof(std::uint32_t) + count_ * kTailSize;
  std::memcpy(&place, bytes_.data() + begin + row * sizeof place, sizeof place);
  return place;
}

std::pair<std::size_t, std::size_t> BlobTable::find(const BlobId& id) const {
  const std::size_t bucket = bucket_of(id);
  std::size_t low = bucket == 0 ? 0 : bucket_end(bucket - 1);
  std::size_t high = bucket_end(bucket);
  const std::size_t end = high;
  const std::uint8_t* const tails = bytes_.data() + kBuckets * sizeof(std::uint32_t);
  const std::uint8_t* const wanted = id.bytes().data() + 2;
  const auto compare = [&](std::size_t row) {
    return std::memcmp(tails + row * kTailSize, wanted, kTailSize);
  };
  while (low < high) {
    const std::size_t middle = low + (high - low) / 2;
    if (compare(middle) < 0) low = middle + 1;
    else high = middle;
  }
  std::size_t last = low;
  while (last < end && compare(last) == 0) ++last;
  return {low, last};
}

}  // namespace bulkhead::repository
