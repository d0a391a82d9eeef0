#include "ledger/prover.h"

#include <algorithm>
#include <bit>

#include <fmt/format.h>

namespace bulkhead::ledger {
namespace {

constexpr unsigned kLevelBits = 8;
// Some 16 MiB of tiles; the least recently read are not worth finding out.
constexpr std::size_t kTilesKeptMax = 2048;

}  // namespace

Result<const std::vector<Hash>*> Prover::tile(unsigned level, std::uint64_t index) {
  const auto known = tiles_.find({level, index});
  if (known != tiles_.end()) return &known->second;
  const std::uint64_t count = size_ >> (level * kLevelBits);
  const auto width =
      static_cast<std::size_t>(std::min<std::uint64_t>(kTileWidth, count - index * kTileWidth));
  constexpr std::size_t kSizeMax = kTileWidth * sizeof(Hash);
  auto bytes = files_.read(tile_path(level, index, width), kSizeMax);
  if (!bytes && width < kTileWidth) {
    // It may have become full since the tree had this size.
    auto full = files_.read(tile_path(level, index, kTileWidth), kSizeMax);
    if (full) bytes = std::move(full);
  }
  if (!bytes) return std::unexpected(bytes.error());
  if (bytes->size() < width * sizeof(Hash)) {
    return fail(ErrorKind::corrupt, fmt::format("{} is too short", tile_path(level, index, width)));
  }
  std::vector<Hash> hashes(width);
  for (std::size_t i = 0; i < width; ++i) {
    std::copy_n(bytes->begin() + static_cast<long>(i * sizeof(Hash)), sizeof(Hash),
                hashes[i].begin());
  }
  if (tiles_.size() >= kTilesKeptMax) tiles_.clear();
  return &(tiles_[{level, index}] = std::move(hashes));
}

// The 2^height entries from `begin` on, a multiple of that.
Result<Hash> Prover::perfect_root(std::uint64_t begin, unsigned height) {
  const unsigned level = height / kLevelBits;
  const std::size_t width = std::size_t{1} << (height % kLevelBits);
  const std::uint64_t first = begin >> (level * kLevelBits);
  const std::vector<Hash>* hashes = TRY(tile(level, first / kTileWidth));
  const auto from = hashes->begin() + static_cast<long>(first % kTileWidth);
  std::vector<Hash> row(from, from + static_cast<long>(width));
  for (; row.size() > 1; row.resize(row.size() / 2)) {
    for (std::size_t i = 0; i < row.size() / 2; ++i) {
      row[i] = hash_children(row[2 * i], row[2 * i + 1]);
    }
  }
  return row[0];
}

Result<Hash> Prover::root_of(std::uint64_t begin, std::uint64_t end) {
  const std::uint64_t count = end - begin;
  if (count == 0) return crypto::sha256({});
  if (std::has_single_bit(count)) {
    return perfect_root(begin, static_cast<unsigned>(std::countr_zero(count)));
  }
  const std::uint64_t middle = begin + std::bit_floor(count - 1);
  const Hash left = TRY(root_of(begin, middle));
  const Hash right = TRY(root_of(middle, end));
  return hash_children(left, right);
}

Result<Hash> Prover::root_at(std::uint64_t size) {
  if (size > size_) return fail(ErrorKind::invalid, fmt::format("there are {} entries", size_));
  return root_of(0, size);
}

// PATH(m, D[n]) without recursion: the siblings are met from the root down.
Result<std::vector<Hash>> Prover::inclusion(std::uint64_t index) {
  if (index >= size_) {
    return fail(ErrorKind::invalid,
                fmt::format("there is no entry {}: the ledger has {}", index, size_));
  }
  std::vector<Hash> out;
  std::uint64_t begin = 0;
  std::uint64_t end = size_;
  while (end - begin > 1) {
    const std::uint64_t middle = begin + std::bit_floor(end - begin - 1);
    const bool is_left = index < middle;
    out.push_back(is_left ? TRY(root_of(middle, end)) : TRY(root_of(begin, middle)));
    (is_left ? end : begin) = middle;
  }
  std::ranges::reverse(out);
  return out;
}

// SUBPROOF(m, D[n], b) likewise.
Result<std::vector<Hash>> Prover::consistency(std::uint64_t old_size) {
  if (old_size > size_) {
    return fail(ErrorKind::invalid,
                fmt::format("a tree of {} entries is no beginning of one of {}", old_size, size_));
  }
  std::vector<Hash> out;
  if (old_size == 0 || old_size == size_) return out;
  std::uint64_t begin = 0;
  std::uint64_t end = size_;
  while (old_size != end) {
    const std::uint64_t middle = begin + std::bit_floor(end - begin - 1);
    const bool is_left = old_size <= middle;
    out.push_back(is_left ? TRY(root_of(middle, end)) : TRY(root_of(begin, middle)));
    (is_left ? end : begin) = middle;
  }
  // The old tree itself is known to whoever checks where it is a whole subtree from the left edge.
  if (begin != 0) out.push_back(TRY(root_of(begin, end)));
  std::ranges::reverse(out);
  return out;
}

}  // namespace bulkhead::ledger
