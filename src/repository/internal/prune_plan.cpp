#include "repository/internal/prune_plan.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace bulkhead::repository {
namespace {

// As restic: packs below this part of the usual size are small.
constexpr double kSmallPack = 0.8;

bool readable(const PackRecord& pack) {
  return pack.present && pack.described && pack.size == pack.indexed_size;
}

class Planner {
 public:
  Planner(Repository& repository, PackInventory& inventory, const PruneOptions& options)
      : repository_(repository), inventory_(inventory), options_(options) {
    plan_.packs.resize(inventory.packs().size());
  }

  Result<PrunePlan> run() {
    count_claimed();
    TRY(choose_copies());
    choose_fates();
    return std::move(plan_);
  }

 private:
  template <typename Action>
  void for_each_claimed(const Action& action) {
    CopyTable& table = inventory_.table();
    for (std::size_t i = 0; i < table.size();) {
      const CopyTable::Range range = table.range_at(i);
      if (table.claimed(range)) action(range);
      i = range.end;
    }
  }

  // How much of each pack is needed, wherever else it may be too.
  void count_claimed() {
    claimed_bytes_.resize(plan_.packs.size());
    const CopyTable& table = inventory_.table();
    for_each_claimed([&](const CopyTable::Range& range) {
      for (std::size_t i = range.begin; i < range.end; ++i) {
        claimed_bytes_[table.at(i).pack()] += table.at(i).sealed_size;
      }
    });
    for (std::size_t i = 0; i < table.size(); ++i) {
      PackUse& use = plan_.packs[table.at(i).pack()];
      use.trees = use.trees || table.at(i).type() == BlobType::tree;
      use.uncompressed = use.uncompressed || table.at(i).raw_size == 0;
    }
  }

  // Of several copies, the one in the pack that is wanted most anyhow. So an interrupted repack is
  // not begun again: the new packs are needed whole.
  bool better(std::uint32_t a, std::uint32_t b) const {
    const auto& packs = inventory_.packs();
    static_assert(PackState::live < PackState::marked && PackState::marked < PackState::hidden);
    if (packs[a].state != packs[b].state) return packs[a].state < packs[b].state;
    const auto share = [&](std::uint32_t pack) {
      return static_cast<double>(claimed_bytes_[pack]) /
             static_cast<double>(packs[pack].indexed_size);
    };
    return share(a) != share(b) ? share(a) > share(b) : packs[a].id < packs[b].id;
  }

  Result<void> choose_copies() {
    CopyTable& table = inventory_.table();
    std::optional<Error> missing;
    for_each_claimed([&](const CopyTable::Range& range) {
      std::optional<std::size_t> best;
      for (std::size_t i = range.begin; i < range.end; ++i) {
        const std::uint32_t pack = table.at(i).pack();
        if (!readable(inventory_.packs()[pack])) continue;
        if (!best || better(pack, table.at(*best).pack())) best = i;
      }
      if (!best) {
        const CopyTable::Copy& copy = table.at(range.begin);
        missing = Error(ErrorKind::corrupt,
                        fmt::format("pack {} is missing or is not as long as the index says, and "
                                    "{} blob {} is needed out of it; nothing was removed. Run "
                                    "repair packs",
                                    inventory_.packs()[copy.pack()].id.to_hex(),
                                    name_of(copy.type()), copy.id.short_hex()));
        return;
      }
      table.keep(*best);
      for (std::size_t i = range.begin; i < range.end; ++i) {
        PackUse& use = plan_.packs[table.at(i).pack()];
        if (i != *best) {
          use.duplicates = true;
          continue;
        }
        use.kept_bytes += table.at(i).sealed_size;
        ++use.kept_blobs;
      }
    });
    if (missing) return std::unexpected(*missing);
    return {};
  }

  void choose_fates() {
    std::vector<std::uint32_t> candidates;
    for (std::uint32_t i = 0; i < plan_.packs.size(); ++i) {
      const PackRecord& pack = inventory_.packs()[i];
      PackUse& use = plan_.packs[i];
      if (use.kept_blobs > 0) {
        use.fate = PackFate::keep;
        ++plan_.used.packs;
        plan_.used.bytes += use.kept_bytes;
        if (pack.present && small(pack)) ++small_packs_[use.trees ? 1 : 0];
      }
      if (pack.present) plan_.unused_bytes += pack.size - use.kept_bytes;
    }
    for (std::uint32_t i = 0; i < plan_.packs.size(); ++i) {
      const PackUse& use = plan_.packs[i];
      if (use.kept_blobs > 0 && wants_repacking(inventory_.packs()[i], use)) {
        candidates.push_back(i);
      }
    }
    // The most waste first, so that the limit is met by copying the least.
    std::ranges::sort(candidates, {}, [&](std::uint32_t i) {
      const PackUse& use = plan_.packs[i];
      return static_cast<double>(use.kept_bytes) / static_cast<double>(inventory_.packs()[i].size);
    });
    std::uint64_t waste = 0;
    for (const std::uint32_t i : candidates) waste += waste_of(i);
    const std::uint64_t allowed = allowed_waste();
    for (const std::uint32_t i : candidates) {
      PackUse& use = plan_.packs[i];
      if (plan_.repack.bytes + use.kept_bytes > options_.max_repack_bytes.value_or(UINT64_MAX)) {
        break;
      }
      if (waste <= allowed && !must_be_repacked(inventory_.packs()[i], use)) continue;
      use.fate = PackFate::repack;
      waste -= waste_of(i);
      ++plan_.repack.packs;
      plan_.repack.bytes += use.kept_bytes;
      plan_.repack_saves += waste_of(i);
    }
  }

  // Of the file, what is neither needed nor the header that describes it.
  std::uint64_t waste_of(std::uint32_t i) const {
    const PackUse& use = plan_.packs[i];
    const PackRecord& pack = inventory_.packs()[i];
    return pack.blobs == use.kept_blobs ? 0 : pack.size - use.kept_bytes;
  }

  bool wants_repacking(const PackRecord& pack, const PackUse& use) const {
    // One that is hidden comes back into sight first, and is looked at the next time.
    if (!readable(pack) || pack.state == PackState::hidden) return false;
    if (options_.repack_trees_only && !use.trees) return false;
    return use.kept_blobs < pack.blobs || must_be_repacked(pack, use);
  }

  bool must_be_repacked(const PackRecord& pack, const PackUse& use) const {
    // Trees are read again and again: they are kept together.
    if (use.kept_blobs < pack.blobs && (use.trees || use.duplicates)) return true;
    if (options_.repack_uncompressed && use.uncompressed && repository_.version() >= 2) return true;
    // One alone would only become another small one.
    return options_.repack_small && small(pack) && small_packs_[use.trees ? 1 : 0] > 1;
  }

  bool small(const PackRecord& pack) const {
    if (options_.small_pack_bytes) return pack.size < *options_.small_pack_bytes;
    const auto full = static_cast<double>(repository_.options().pack_size);
    return static_cast<double>(pack.size) < full * kSmallPack;
  }

  std::uint64_t allowed_waste() const {
    const UnusedLimit& limit = options_.max_unused;
    switch (limit.kind) {
      case UnusedLimit::Kind::unlimited: return UINT64_MAX;
      case UnusedLimit::Kind::bytes: return limit.bytes;
      case UnusedLimit::Kind::percent: break;
    }
    if (limit.percent >= 100) return UINT64_MAX;
    return static_cast<std::uint64_t>(limit.percent / (100 - limit.percent) *
                                      static_cast<double>(plan_.used.bytes));
  }

  Repository& repository_;
  PackInventory& inventory_;
  const PruneOptions& options_;
  PrunePlan plan_;
  std::vector<std::uint64_t> claimed_bytes_;
  std::array<std::size_t, 2> small_packs_{};  // of data, of trees
};

}  // namespace

Result<PrunePlan> plan_prune(Repository& repository, PackInventory& inventory,
                             const PruneOptions& options) {
  return Planner(repository, inventory, options).run();
}

void keep_newly_claimed(PackInventory& inventory, PrunePlan& plan) {
  const CopyTable& table = inventory.table();
  for (std::size_t i = 0; i < table.size();) {
    const CopyTable::Range range = table.range_at(i);
    i = range.end;
    if (!table.claimed(range)) continue;
    bool kept = false;
    for (std::size_t at = range.begin; at < range.end; ++at) kept = kept || table.kept(at);
    if (kept) continue;
    for (std::size_t at = range.begin; at < range.end; ++at) {
      plan.packs[table.at(at).pack()].fate = PackFate::keep;
    }
  }
}

}  // namespace bulkhead::repository
