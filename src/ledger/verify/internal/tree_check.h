// One pass over the entries and tiles of a log: what they hash to, and where they contradict each
// other. verify_folder() decides with it which of them is right.
#pragma once

#include <functional>
#include <map>
#include <optional>

#include "ledger/verify/log_folder.h"
#include "ledger/verify/tile_files.h"

namespace bulkhead::ledger::verify::internal {

class TreeCheck {
 public:
  using OnEntry = std::function<Result<void>(std::uint64_t, ByteView)>;
  TreeCheck(const Path& folder, std::uint64_t size, OnEntry on_entry);

  // Before run(): that root_at(size) will be asked for.
  void remember(std::uint64_t size) { leaves_at_[size]; }
  void run();

  std::uint64_t entries_read() const { return entries_read_; }
  std::optional<BadPlace> first_bad(const Hash& signed_root) const;
  // Of the first `size` entries, as they are here. Nothing where they could not all be read.
  std::optional<Hash> root_at(std::uint64_t size) const;

 private:
  // Nothing where what a hash comes from could not be read.
  using Row = std::vector<std::optional<Hash>>;
  struct Found {
    std::uint64_t first_entry = 0;
    BadPlace place;
  };
  using Earliest = std::optional<Found>;
  static void keep(Earliest& earliest, std::uint64_t first_entry, const std::string& file,
                   std::optional<std::uint64_t> entry, std::string what);
  // Of several for the same entry, the first that is named.
  static const BadPlace* earliest_of(std::initializer_list<const Earliest*> found);

  void read_bundle(std::uint64_t index, std::uint64_t width);
  Row leaves_of(const Entries& bundle, std::uint64_t index, std::uint64_t width);
  void read_leaf_tile(std::uint64_t index, std::uint64_t width, const Row& leaves);
  void read_level(unsigned level);
  Hashes read_tile(unsigned level, std::uint64_t index, std::uint64_t width);
  void compare_narrower_entries(const Entries& bundle, std::uint64_t index, std::uint64_t width);
  std::optional<Hash> root_of_tiles() const;
  Earliest first_bad_tile_from_above() const;

  const TileFiles files_;
  const std::uint64_t size_;
  const OnEntry on_entry_;
  std::uint64_t entries_read_ = 0;

  // Hash i of level l is that of the full tile i of level l - 1; those of level 0, the leaves, are
  // not kept, but for the last bundles of the sizes that a root is asked for.
  std::vector<Row> by_entries_;  // as the entries hash to it
  std::vector<Row> by_tiles_;    // as the tile file below hashes to it
  std::vector<Row> in_tiles_;    // as the tile file of its level says
  Row last_leaf_tile_;           // of a level-0 tile that is not full
  std::map<std::uint64_t, Row> leaves_at_;

  Earliest bad_bundle_;        // cut off, missing, too long, or of no known form
  Earliest bad_tile_;          // likewise
  Earliest entry_not_leaf_;    // an entry does not hash to its leaf
  Earliest bad_narrower_;      // a partial file is not the beginning of a later one
  Earliest tile_not_entries_;  // a tile says something else than the entries
};

}  // namespace bulkhead::ledger::verify::internal
