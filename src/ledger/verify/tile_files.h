// The files of a tiled log (https://c2sp.org/tlog-tiles) under one folder, read as anybody who
// mirrors it would. Nothing that is read is trusted; what it is compared with decides.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/file.h"
#include "ledger/verify/proof.h"

namespace bulkhead::ledger::verify {

inline constexpr std::uint64_t kTileWidth = 256;
inline constexpr std::size_t kEntrySizeMax = 65535;

// "001/x234/067" in the specification's way: "x001/x234/067".
std::string index_path(std::uint64_t index);
// "tile/0/x001/067", and with ".p/17" where the width is not full.
std::string tile_name(unsigned level, std::uint64_t index, std::uint64_t width);
std::string entries_name(std::uint64_t index, std::uint64_t width);

// What a file holds, as far as it can be read; `defect` says where and why reading stopped.
struct Hashes {
  std::vector<Hash> hashes;
  std::string defect;  // empty: none
};
struct Entries {
  std::vector<Bytes> entries;
  std::string defect;
};

class TileFiles {
 public:
  explicit TileFiles(Path folder) : folder_(std::move(folder)) {}

  // The first `width` hashes. Where there is no partial tile of that width, the full one serves.
  Hashes tile(unsigned level, std::uint64_t index, std::uint64_t width) const;
  Entries entries(std::uint64_t index, std::uint64_t width) const;
  // Narrower partial files of the same tile, of trees that were signed before; ascending.
  std::vector<std::uint64_t> narrower(const std::string& full_name, std::uint64_t width) const;
  // Nothing where it has gone meanwhile: its tile has become full.
  std::optional<Hashes> narrow_tile(const std::string& full_name, std::uint64_t width) const;
  std::optional<Entries> narrow_entries(const std::string& full_name, std::uint64_t width) const;

 private:
  Result<Bytes> read(const std::string& full_name, std::uint64_t width, std::size_t size_max) const;
  Path folder_;
};

}  // namespace bulkhead::ledger::verify
