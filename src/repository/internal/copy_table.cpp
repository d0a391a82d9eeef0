#include "repository/internal/copy_table.h"

#include <algorithm>
#include <tuple>

#include "base/check.h"

namespace bulkhead::repository {
namespace {

std::size_t bucket_of(const BlobId& id) {
  const ByteView bytes = id.bytes();
  return static_cast<std::size_t>(bytes[0]) << 8 | bytes[1];
}

auto order(const CopyTable::Copy& copy) {
  return std::tuple(copy.id, copy.type(), copy.pack(), copy.offset);
}

}  // namespace

void CopyTable::add(std::uint32_t pack, const PackedBlob& blob) {
  CHECK(marks_ == nullptr);
  const std::uint32_t type = blob.type == BlobType::tree ? 1 : 0;
  copies_.push_back({blob.id, pack << 1 | type, blob.offset, blob.sealed_size, blob.raw_size});
}

void CopyTable::finish() {
  std::ranges::sort(copies_, {}, order);
  const auto same = std::ranges::unique(copies_, {}, order);
  copies_.erase(same.begin(), same.end());
  bucket_begins_.assign(kBuckets + 1, copies_.size());
  for (std::size_t i = copies_.size(); i-- > 0;) bucket_begins_[bucket_of(copies_[i].id)] = i;
  // A bucket without entries begins where the next one does.
  for (std::size_t bucket = kBuckets; bucket-- > 0;) {
    bucket_begins_[bucket] = std::min(bucket_begins_[bucket], bucket_begins_[bucket + 1]);
  }
  marks_ = std::make_unique<std::atomic<std::uint8_t>[]>(copies_.size());
}

CopyTable::Range CopyTable::find(const BlobKey& key) const {
  const std::size_t bucket = bucket_of(key.id);
  const auto first = copies_.begin() + static_cast<std::ptrdiff_t>(bucket_begins_[bucket]);
  const auto last = copies_.begin() + static_cast<std::ptrdiff_t>(bucket_begins_[bucket + 1]);
  const auto at = std::lower_bound(first, last, key, [](const Copy& copy, const BlobKey& wanted) {
    return std::tuple(copy.id, copy.type()) < std::tuple(wanted.id, wanted.type);
  });
  if (at == last || at->id != key.id || at->type() != key.type) return {};
  return range_at(static_cast<std::size_t>(at - copies_.begin()));
}

CopyTable::Range CopyTable::range_at(std::size_t begin) const {
  const Copy& first = copies_[begin];
  std::size_t end = begin + 1;
  while (end < copies_.size() && copies_[end].id == first.id &&
         copies_[end].type() == first.type()) {
    ++end;
  }
  return {begin, end};
}

bool CopyTable::claim(const Range& range) {
  return (marks_[range.begin].fetch_or(kClaimed) & kClaimed) == 0;
}

}  // namespace bulkhead::repository
