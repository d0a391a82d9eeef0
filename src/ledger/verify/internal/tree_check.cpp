#include "ledger/verify/internal/tree_check.h"

#include <algorithm>
#include <bit>
#include <utility>

#include <fmt/format.h>

namespace bulkhead::ledger::verify::internal {
namespace {

constexpr unsigned kLevelBits = 8;
static_assert(std::uint64_t{1} << kLevelBits == kTileWidth);

// How many hashes a level has.
std::uint64_t count_at(std::uint64_t size, unsigned level) {
  return level * kLevelBits >= 64 ? 0 : size >> (level * kLevelBits);
}

std::uint64_t width_of(std::uint64_t count, std::uint64_t index) {
  return std::min(count - index * kTileWidth, kTileWidth);
}

std::optional<Hash> root_of_row(std::span<const std::optional<Hash>> row) {
  std::vector<Hash> hashes;
  for (const std::optional<Hash>& hash : row) {
    if (!hash) return std::nullopt;
    hashes.push_back(*hash);
  }
  return root_of(hashes);
}

// The perfect subtrees that a tile's hashes make, from the left: one for each bit of the width.
bool add_peaks(std::span<const std::optional<Hash>> row, std::vector<Hash>& peaks) {
  while (!row.empty()) {
    const std::size_t width = std::bit_floor(row.size());
    const auto peak = root_of_row(row.first(width));
    if (!peak) return false;
    peaks.push_back(*peak);
    row = row.subspan(width);
  }
  return true;
}

// `tails` from the highest level to the leaves.
std::optional<Hash> root_of_tails(const std::vector<std::span<const std::optional<Hash>>>& tails) {
  std::vector<Hash> peaks;
  for (const auto& tail : tails) {
    if (!add_peaks(tail, peaks)) return std::nullopt;
  }
  if (peaks.empty()) return empty_root();
  Hash root = peaks.back();
  for (std::size_t i = peaks.size() - 1; i > 0; --i) root = node_hash(peaks[i - 1], root);
  return root;
}

}  // namespace

TreeCheck::TreeCheck(const Path& folder, std::uint64_t size, OnEntry on_entry)
    : files_(folder), size_(size), on_entry_(std::move(on_entry)) {
  unsigned levels = 1;
  while (count_at(size, levels) > 0) ++levels;
  by_entries_.resize(levels);
  by_tiles_.resize(levels);
  in_tiles_.resize(levels);
  remember(size);
}

void TreeCheck::keep(Earliest& earliest, std::uint64_t first_entry, const std::string& file,
                     std::optional<std::uint64_t> entry, std::string what) {
  if (earliest && earliest->first_entry <= first_entry) return;
  earliest = Found{first_entry, {file, entry, std::move(what)}};
}

const BadPlace* TreeCheck::earliest_of(std::initializer_list<const Earliest*> found) {
  const Found* out = nullptr;
  for (const Earliest* each : found) {
    if (*each && (!out || (*each)->first_entry < out->first_entry)) out = &**each;
  }
  return out ? &out->place : nullptr;
}

void TreeCheck::run() {
  for (std::uint64_t index = 0; index * kTileWidth < size_; ++index) {
    read_bundle(index, width_of(size_, index));
  }
  for (unsigned level = 1; level < in_tiles_.size(); ++level) read_level(level);
}

void TreeCheck::read_bundle(std::uint64_t index, std::uint64_t width) {
  const Entries bundle = files_.entries(index, width);
  entries_read_ += bundle.entries.size();
  const Row leaves = leaves_of(bundle, index, width);
  compare_narrower_entries(bundle, index, width);
  read_leaf_tile(index, width, leaves);
  const std::uint64_t begin = index * kTileWidth;
  for (auto& [size, kept] : leaves_at_) {
    if (size <= begin || size >= begin + kTileWidth || size > begin + width) continue;
    kept.assign(leaves.begin(), leaves.begin() + static_cast<long>(size - begin));
  }
  if (width == kTileWidth && by_entries_.size() > 1) {
    by_entries_[1].push_back(root_of_row(leaves));
  }
}

TreeCheck::Row TreeCheck::leaves_of(const Entries& bundle, std::uint64_t index,
                                    std::uint64_t width) {
  const std::string file = entries_name(index, width);
  Row leaves;
  for (const Bytes& entry : bundle.entries) {
    const std::uint64_t number = index * kTileWidth + leaves.size();
    const auto understood = on_entry_ ? on_entry_(number, entry) : Result<void>();
    if (!understood) keep(bad_bundle_, number, file, number, understood.error().message());
    leaves.emplace_back(leaf_hash(entry));
  }
  if (!bundle.defect.empty()) {
    const std::uint64_t number = index * kTileWidth + leaves.size();
    keep(bad_bundle_, number, file, number, bundle.defect);
  }
  leaves.resize(width);
  return leaves;
}

void TreeCheck::compare_narrower_entries(const Entries& bundle, std::uint64_t index,
                                         std::uint64_t width) {
  for (const std::uint64_t narrow : files_.narrower(entries_name(index, kTileWidth), width)) {
    const auto before = files_.narrow_entries(entries_name(index, kTileWidth), narrow);
    if (!before) continue;
    const auto [differs, other] = std::ranges::mismatch(before->entries, bundle.entries);
    const auto same = static_cast<std::uint64_t>(differs - before->entries.begin());
    if (same == narrow && before->defect.empty()) continue;
    const std::uint64_t number = index * kTileWidth + same;
    keep(bad_narrower_, number, entries_name(index, narrow), number,
         same < before->entries.size() ? "it differs from the same entry of a later bundle"
                                       : before->defect);
  }
}

Hashes TreeCheck::read_tile(unsigned level, std::uint64_t index, std::uint64_t width) {
  Hashes tile = files_.tile(level, index, width);
  const std::uint64_t per_hash = std::uint64_t{1} << (level * kLevelBits);
  const std::uint64_t first = index * kTileWidth * per_hash;
  if (!tile.defect.empty()) {
    keep(bad_tile_, first + tile.hashes.size() * per_hash, tile_name(level, index, width),
         std::nullopt, tile.defect);
  }
  const std::string full_name = tile_name(level, index, kTileWidth);
  for (const std::uint64_t narrow : files_.narrower(full_name, width)) {
    const auto before = files_.narrow_tile(full_name, narrow);
    if (!before) continue;
    const auto [differs, other] = std::ranges::mismatch(before->hashes, tile.hashes);
    const auto same = static_cast<std::uint64_t>(differs - before->hashes.begin());
    if (same == narrow && before->defect.empty()) continue;
    keep(bad_narrower_, first + same * per_hash, tile_name(level, index, narrow), std::nullopt,
         same < before->hashes.size()
             ? fmt::format("its hash {} differs from that of a later tile", same)
             : before->defect);
  }
  return tile;
}

void TreeCheck::read_leaf_tile(std::uint64_t index, std::uint64_t width, const Row& leaves) {
  const Hashes tile = read_tile(0, index, width);
  Row row(tile.hashes.begin(), tile.hashes.end());
  row.resize(width);
  for (std::uint64_t i = 0; i < width; ++i) {
    if (!leaves[i] || !row[i] || *leaves[i] == *row[i]) continue;
    const std::uint64_t number = index * kTileWidth + i;
    keep(entry_not_leaf_, number, entries_name(index, width), number,
         "it does not hash to its leaf in the tree");
    keep(tile_not_entries_, number, tile_name(0, index, width), number,
         fmt::format("its hash {} is not that of the entry", i));
    break;
  }
  if (width < kTileWidth) {
    last_leaf_tile_ = std::move(row);
  } else if (by_tiles_.size() > 1) {
    by_tiles_[1].push_back(root_of_row(row));
  }
}

void TreeCheck::read_level(unsigned level) {
  const std::uint64_t count = count_at(size_, level);
  for (std::uint64_t index = 0; index * kTileWidth < count; ++index) {
    const std::uint64_t width = width_of(count, index);
    const Hashes tile = read_tile(level, index, width);
    Row row(tile.hashes.begin(), tile.hashes.end());
    row.resize(width);
    for (std::uint64_t i = 0; i < width; ++i) {
      const std::uint64_t at = index * kTileWidth + i;
      const auto& below = by_entries_[level][at] ? by_entries_[level][at] : by_tiles_[level][at];
      if (!row[i] || !below || *row[i] == *below) continue;
      const std::uint64_t first = at << (level * kLevelBits);
      keep(tile_not_entries_, first, tile_name(level, index, width), std::nullopt,
           fmt::format("its hash {} is not that of the {} entries from {} on", i,
                       std::uint64_t{1} << (level * kLevelBits), first));
      break;
    }
    in_tiles_[level].insert(in_tiles_[level].end(), row.begin(), row.end());
    if (width == kTileWidth && level + 1 < in_tiles_.size()) {
      const auto begin = by_entries_[level].begin() + static_cast<long>(index * kTileWidth);
      by_entries_[level + 1].push_back(root_of_row({begin, begin + kTileWidth}));
      by_tiles_[level + 1].push_back(root_of_row(row));
    }
  }
}

std::optional<Hash> TreeCheck::root_at(std::uint64_t size) const {
  const auto leaves = leaves_at_.find(size);
  if (size > size_ || leaves == leaves_at_.end()) return std::nullopt;
  std::vector<std::span<const std::optional<Hash>>> tails;
  for (std::size_t level = by_entries_.size() - 1; level > 0; --level) {
    const std::uint64_t count = count_at(size, static_cast<unsigned>(level));
    const std::uint64_t begin = count / kTileWidth * kTileWidth;
    tails.push_back(std::span(by_entries_[level]).subspan(begin, count - begin));
  }
  if (leaves->second.size() != size % kTileWidth) return std::nullopt;
  tails.emplace_back(leaves->second);
  return root_of_tails(tails);
}

std::optional<Hash> TreeCheck::root_of_tiles() const {
  std::vector<std::span<const std::optional<Hash>>> tails;
  for (std::size_t level = in_tiles_.size() - 1; level > 0; --level) {
    const std::uint64_t begin = in_tiles_[level].size() / kTileWidth * kTileWidth;
    tails.push_back(std::span(in_tiles_[level]).subspan(begin));
  }
  tails.emplace_back(last_leaf_tile_);
  return root_of_tails(tails);
}

// The tiles at the right edge make up the root; from them down, each tile has to hash to what the
// one above it says.
TreeCheck::Earliest TreeCheck::first_bad_tile_from_above() const {
  Earliest out;
  std::vector<bool> above;  // which tiles of the level above are as they were signed
  for (std::size_t level = in_tiles_.size() - 1; level > 0; --level) {
    const Row& says = in_tiles_[level];
    std::vector<bool> here;
    for (std::uint64_t i = 0; i < says.size(); ++i) {
      const std::uint64_t parent = i / kTileWidth;
      const bool parent_is_good = parent >= above.size() || above[parent];
      const bool is_good = parent_is_good && says[i] && says[i] == by_tiles_[level][i];
      here.push_back(is_good);
      if (is_good || !parent_is_good) continue;
      const auto below = static_cast<unsigned>(level - 1);
      keep(out, i << (level * kLevelBits), tile_name(below, i, kTileWidth), std::nullopt,
           "it does not hash to what the tile above it says");
    }
    above = std::move(here);
  }
  return out;
}

std::optional<BadPlace> TreeCheck::first_bad(const Hash& signed_root) const {
  const BadPlace* found = nullptr;
  if (root_at(size_) == signed_root) {
    found = earliest_of({&bad_bundle_, &bad_tile_, &tile_not_entries_, &bad_narrower_});
    return found ? std::optional(*found) : std::nullopt;
  }
  if (root_of_tiles() == signed_root) {
    const Earliest tile = first_bad_tile_from_above();
    found = earliest_of({&bad_bundle_, &bad_tile_, &tile, &entry_not_leaf_, &bad_narrower_});
    if (found) return *found;
  }
  found =
      earliest_of({&bad_bundle_, &bad_tile_, &entry_not_leaf_, &tile_not_entries_, &bad_narrower_});
  if (found) return *found;
  return BadPlace{"checkpoint", std::nullopt,
                  fmt::format("its root is not that of the {} entries here, which agree with their "
                              "tiles: they were rewritten together, or the checkpoint was replaced",
                              size_)};
}

}  // namespace bulkhead::ledger::verify::internal
