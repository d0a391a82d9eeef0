// The growing side of a tiled log: takes entries, keeps the right edge of the tree in memory, and
// says which files hold what is new (https://c2sp.org/tlog-tiles). Not thread-safe.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "crypto/sha256.h"
#include "ledger/files.h"

namespace bulkhead::ledger {

using Hash = crypto::Sha256Digest;

inline constexpr std::size_t kTileWidth = 256;
// A length of 16 bits stands before each entry.
inline constexpr std::size_t kEntrySizeMax = 65535;

Hash hash_leaf(ByteView entry);
Hash hash_children(const Hash& left, const Hash& right);

// "tile/0/x001/067", "tile/entries/000.p/17"; a full tile has width kTileWidth.
std::string tile_path(unsigned level, std::uint64_t index, std::size_t width);
std::string bundle_path(std::uint64_t index, std::size_t width);

class TileTree {
 public:
  TileTree() = default;
  // A tree that was written before, from its files; kind corrupt where they are not there or not as
  // long as the size asks for. Whether they are right shows in root().
  static Result<TileTree> read(Files& files, std::uint64_t size);

  std::uint64_t size() const { return size_; }
  // At most kEntrySizeMax bytes.
  void add(ByteView entry);
  Hash root() const;

  // What has to be written for everything added since the last mark_written().
  std::vector<Files::NewFile> unwritten() const;
  // The folders of partial tiles that are full now; to be removed once a checkpoint is out.
  std::vector<std::string> outgrown() const;
  void mark_written();

 private:
  struct Full {
    std::string path;
    Bytes content;
    std::string partials;  // "tile/0/000.p"
  };
  void put_up(std::size_t level, const Hash& hash);

  std::uint64_t size_ = 0;
  std::uint64_t written_size_ = 0;
  std::vector<std::vector<Hash>> edge_;  // by level: the hashes of the tile that is not full yet
  Bytes bundle_;                         // the entries of the bundle that is not full yet
  std::vector<Full> full_;               // became full since mark_written()
};

}  // namespace bulkhead::ledger
