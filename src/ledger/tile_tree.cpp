#include "ledger/tile_tree.h"

#include <algorithm>
#include <bit>

#include <fmt/format.h>

#include "base/check.h"

namespace bulkhead::ledger {
namespace {

constexpr unsigned kLevelBits = 8;
constexpr std::size_t kBundleSizeMax = kTileWidth * (2 + kEntrySizeMax);

std::string path_of_index(std::uint64_t index) {
  if (index < 1000) return fmt::format("{:03}", index);
  std::string folders = fmt::format("x{:03}/", index / 1000 % 1000);
  for (std::uint64_t rest = index / 1'000'000; rest > 0; rest /= 1000) {
    folders.insert(0, fmt::format("x{:03}/", rest % 1000));
  }
  return folders + fmt::format("{:03}", index % 1000);
}

std::string partial(std::string full, std::size_t width) {
  if (width < kTileWidth) full += fmt::format(".p/{}", width);
  return full;
}

Bytes bytes_of(std::span<const Hash> hashes) {
  Bytes out;
  out.reserve(hashes.size() * sizeof(Hash));
  for (const Hash& hash : hashes) out.insert(out.end(), hash.begin(), hash.end());
  return out;
}

// Of a power of two.
Hash root_of_perfect(std::span<const Hash> hashes) {
  std::vector<Hash> row(hashes.begin(), hashes.end());
  for (; row.size() > 1; row.resize(row.size() / 2)) {
    for (std::size_t i = 0; i < row.size() / 2; ++i) {
      row[i] = hash_children(row[2 * i], row[2 * i + 1]);
    }
  }
  return row[0];
}

std::uint64_t hashes_at(std::uint64_t size, std::size_t level) {
  return level * kLevelBits >= 64 ? 0 : size >> (level * kLevelBits);
}

Result<Bytes> read_edge(Files& files, const std::string& path, std::size_t size_max) {
  auto bytes = files.read(path, size_max);
  if (!bytes && bytes.error().kind() == ErrorKind::not_found) {
    return fail(ErrorKind::corrupt, fmt::format("{} is missing", path));
  }
  return bytes;
}

}  // namespace

Hash hash_leaf(ByteView entry) {
  constexpr std::uint8_t kPrefix = 0x00;
  crypto::Sha256 hash;
  hash.update({&kPrefix, 1});
  hash.update(entry);
  return hash.finish();
}

Hash hash_children(const Hash& left, const Hash& right) {
  constexpr std::uint8_t kPrefix = 0x01;
  Bytes both{kPrefix};
  both.reserve(1 + 2 * sizeof(Hash));
  both.insert(both.end(), left.begin(), left.end());
  both.insert(both.end(), right.begin(), right.end());
  return crypto::sha256(both);
}

std::string tile_path(unsigned level, std::uint64_t index, std::size_t width) {
  return partial(fmt::format("tile/{}/{}", level, path_of_index(index)), width);
}

std::string bundle_path(std::uint64_t index, std::size_t width) {
  return partial("tile/entries/" + path_of_index(index), width);
}

Result<TileTree> TileTree::read(Files& files, std::uint64_t size) {
  TileTree tree;
  tree.size_ = tree.written_size_ = size;
  for (std::size_t level = 0; hashes_at(size, level) > 0; ++level) {
    const std::uint64_t count = hashes_at(size, level);
    std::vector<Hash>& edge = tree.edge_.emplace_back(count % kTileWidth);
    if (edge.empty()) continue;
    const std::string path =
        tile_path(static_cast<unsigned>(level), count / kTileWidth, edge.size());
    const Bytes bytes = TRY(read_edge(files, path, kTileWidth * sizeof(Hash)));
    if (bytes.size() != edge.size() * sizeof(Hash)) {
      return fail(ErrorKind::corrupt,
                  fmt::format("{} has {} bytes, {} hashes are {}", path, bytes.size(), edge.size(),
                              edge.size() * sizeof(Hash)));
    }
    for (std::size_t i = 0; i < edge.size(); ++i) {
      std::copy_n(bytes.begin() + static_cast<long>(i * sizeof(Hash)), sizeof(Hash),
                  edge[i].begin());
    }
  }
  const std::size_t in_bundle = size % kTileWidth;
  if (in_bundle > 0) {
    tree.bundle_ = TRY(read_edge(files, bundle_path(size / kTileWidth, in_bundle), kBundleSizeMax));
  }
  return tree;
}

void TileTree::add(ByteView entry) {
  CHECK(entry.size() <= kEntrySizeMax);
  bundle_.push_back(static_cast<std::uint8_t>(entry.size() >> 8));
  bundle_.push_back(static_cast<std::uint8_t>(entry.size() & 0xff));
  bundle_.insert(bundle_.end(), entry.begin(), entry.end());
  const std::uint64_t index = size_ / kTileWidth;
  ++size_;
  if (size_ % kTileWidth == 0) {
    full_.push_back({bundle_path(index, kTileWidth), std::move(bundle_),
                     bundle_path(index, kTileWidth) + ".p"});
    bundle_.clear();
  }
  put_up(0, hash_leaf(entry));
}

void TileTree::put_up(std::size_t level, const Hash& hash) {
  if (edge_.size() == level) edge_.emplace_back();
  edge_[level].push_back(hash);
  if (edge_[level].size() < kTileWidth) return;
  const std::string path =
      tile_path(static_cast<unsigned>(level), hashes_at(size_, level) / kTileWidth - 1, kTileWidth);
  full_.push_back({path, bytes_of(edge_[level]), path + ".p"});
  const Hash above = root_of_perfect(edge_[level]);
  edge_[level].clear();
  put_up(level + 1, above);
}

Hash TileTree::root() const {
  std::vector<Hash> peaks;  // perfect subtrees from the left, each smaller than the one before
  for (std::size_t level = edge_.size(); level-- > 0;) {
    for (std::span<const Hash> rest = edge_[level]; !rest.empty();) {
      const std::size_t width = std::bit_floor(rest.size());
      peaks.push_back(root_of_perfect(rest.first(width)));
      rest = rest.subspan(width);
    }
  }
  if (peaks.empty()) return crypto::sha256({});
  Hash root = peaks.back();
  for (std::size_t i = peaks.size() - 1; i > 0; --i) root = hash_children(peaks[i - 1], root);
  return root;
}

std::vector<Files::NewFile> TileTree::unwritten() const {
  std::vector<Files::NewFile> out;
  for (const Full& full : full_) out.push_back({full.path, full.content});
  for (std::size_t level = 0; level < edge_.size(); ++level) {
    const std::uint64_t count = hashes_at(size_, level);
    if (edge_[level].empty() || count == hashes_at(written_size_, level)) continue;
    out.push_back({tile_path(static_cast<unsigned>(level), count / kTileWidth, edge_[level].size()),
                   bytes_of(edge_[level])});
  }
  if (!bundle_.empty() && size_ != written_size_) {
    out.push_back({bundle_path(size_ / kTileWidth, size_ % kTileWidth), bundle_});
  }
  return out;
}

std::vector<std::string> TileTree::outgrown() const {
  std::vector<std::string> out;
  for (const Full& full : full_) out.push_back(full.partials);
  return out;
}

void TileTree::mark_written() {
  full_.clear();
  written_size_ = size_;
}

}  // namespace bulkhead::ledger
