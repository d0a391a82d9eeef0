#include "repository/internal/prune_counts.h"

namespace bulkhead::repository {
namespace {

// Nothing refers to it for restic, which does not see what is hidden, either.
bool unreferenced(const PackRecord& pack, const PackUse& use) {
  const bool out_of_sight = pack.state == PackState::unindexed || pack.state == PackState::hidden;
  return out_of_sight && use.fate == PackFate::retire;
}

void add_pack(PruneCounts& counts, const PackRecord& pack, const PackUse& use) {
  if (unreferenced(pack, use)) {
    ++counts.packs_unreferenced;
    counts.unreferenced_bytes += pack.size;
    return;
  }
  if (use.kept_blobs == 0) ++counts.packs_unused;
  else if (use.kept_blobs == pack.blobs) ++counts.packs_used;
  else ++counts.packs_partly_used;
  switch (use.fate) {
    case PackFate::keep: ++counts.packs_keep; break;
    case PackFate::repack: ++counts.packs_repack; break;
    case PackFate::retire: ++counts.packs_remove; break;
  }
}

enum class Need { used, duplicate, unused };

void add(PruneAmounts& amounts, Need need, PackFate fate, std::uint64_t amount) {
  switch (need) {
    case Need::used: amounts.used += amount; break;
    case Need::duplicate: amounts.duplicate += amount; break;
    case Need::unused: amounts.unused += amount; break;
  }
  if (fate == PackFate::repack) {
    amounts.repack += amount;
    if (need != Need::used) amounts.repack_remove += amount;
  }
  if (fate == PackFate::retire) amounts.remove += amount;
}

}  // namespace

PruneCounts count_for_prune(const PackInventory& inventory, const PrunePlan& plan) {
  PruneCounts counts;
  const std::vector<PackRecord>& packs = inventory.packs();
  for (std::size_t i = 0; i < packs.size(); ++i) {
    if (packs[i].present) add_pack(counts, packs[i], plan.packs[i]);
  }
  const CopyTable& table = inventory.table();
  for (std::size_t begin = 0; begin < table.size();) {
    const CopyTable::Range range = table.range_at(begin);
    const bool claimed = table.claimed(range);
    for (std::size_t i = range.begin; i < range.end; ++i) {
      const CopyTable::Copy& copy = table.at(i);
      const PackRecord& pack = packs[copy.pack()];
      const PackUse& use = plan.packs[copy.pack()];
      if (!pack.present || unreferenced(pack, use)) continue;
      const Need need = table.kept(i) ? Need::used : claimed ? Need::duplicate : Need::unused;
      add(counts.blobs, need, use.fate, 1);
      add(counts.bytes, need, use.fate, copy.sealed_size);
      if (copy.raw_size == 0) counts.uncompressed_bytes += copy.sealed_size;
    }
    begin = range.end;
  }
  return counts;
}

}  // namespace bulkhead::repository
