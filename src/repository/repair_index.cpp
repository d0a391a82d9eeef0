#include <algorithm>

#include <fmt/format.h>

#include "repository/internal/pack_inventory.h"
#include "repository/internal/pack_tail.h"
#include "repository/lock.h"
#include "repository/repair.h"

namespace bulkhead::repository {

using storage::FileType;

namespace {

class IndexRepair {
 public:
  IndexRepair(Repository& repository, const RepairIndexOptions& options)
      : repository_(repository), options_(options) {}

  Result<RepairIndexReport> run() {
    inventory_ =
        TRY(PackInventory::read(repository_, PackInventory::OnDamage::skip, options_.progress));
    report_.damaged_index_files = inventory_.damaged_index_files().size();
    const std::size_t count = inventory_.packs().size();
    for (std::size_t i = 0; i < count; ++i) {
      // What was found so far is written down nowhere yet: ending here changes nothing.
      if (options_.cancel && *options_.cancel) return fail(ErrorKind::unavailable, "cancelled");
      TRY(look_at(inventory_.packs()[i]));
      if (options_.progress) {
        options_.progress(
            {.stage = "looking into packs", .things = "packs", .done = i + 1, .total = count});
      }
    }
    if (options_.dry_run == DryRun::yes) return std::move(report_);
    TRY(inventory_.write_index(repository_, std::move(added_)));
    for (const std::string& name : inventory_.damaged_index_files()) {
      TRY_CONTEXT(repository_.backend().remove({FileType::index, name}), "removing index " + name);
    }
    return std::move(report_);
  }

 private:
  Result<void> look_at(PackRecord& pack) {
    if (!pack.present) {
      ++report_.removed;
      pack.state = PackState::gone;
      return {};
    }
    ++report_.packs;
    // One that prune means to delete may be one that nobody ever indexed.
    if (pack.state == PackState::hidden) return {};
    const bool in_index = pack.state != PackState::unindexed;
    const bool fits = in_index && pack.described && pack.size == pack.indexed_size;
    if (fits && !options_.read_all_packs) return {};
    auto header = load_pack_header(repository_, pack.id, pack.size);
    if (!header) {
      const ErrorKind kind = header.error().kind();
      if (kind == ErrorKind::not_found) return {};  // deleted meanwhile
      if (kind != ErrorKind::corrupt) return std::unexpected(header.error());
      report_.unreadable.push_back(
          fmt::format("pack {}: {}", pack.id.to_hex(), header.error().message()));
      // What the index says of it is all that is left to salvage by.
      return {};
    }
    if (fits && same_as_indexed(pack, *header)) return {};
    ++(in_index ? report_.corrected : report_.added);
    pack.misdescribed = in_index;
    added_.push_back({pack.id, *std::move(header)});
    return {};
  }

  // Packs are compared by what is in the table, which is sorted by blob and not by pack.
  bool same_as_indexed(const PackRecord& pack, const std::vector<PackedBlob>& header) const {
    const CopyTable& table = inventory_.table();
    if (header.size() != pack.blobs) return false;
    return std::ranges::all_of(header, [&](const PackedBlob& blob) {
      const CopyTable::Range range = table.find({blob.type, blob.id});
      for (std::size_t i = range.begin; i < range.end; ++i) {
        const CopyTable::Copy& copy = table.at(i);
        if (inventory_.packs()[copy.pack()].id == pack.id && copy.blob() == blob) return true;
      }
      return false;
    });
  }

  Repository& repository_;
  const RepairIndexOptions& options_;
  PackInventory inventory_;
  std::vector<IndexedPack> added_;
  RepairIndexReport report_;
};

}  // namespace

Result<RepairIndexReport> repair_index(Repository& repository, const RepairIndexOptions& options) {
  const auto lock = TRY(Lock::shared(repository, kPurposePrune));
  auto report = IndexRepair(repository, options).run();
  if (options.dry_run == DryRun::no) repository.forget_index();
  return report;
}

}  // namespace bulkhead::repository
