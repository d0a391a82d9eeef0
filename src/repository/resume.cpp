#include "repository/resume.h"

#include <set>

#include "base/log.h"
#include "repository/index.h"
#include "repository/internal/pack_tail.h"
#include "repository/retired_packs.h"

namespace bulkhead::repository {
namespace {

// Read again from the files: what is in memory need not say which packs it came from.
Result<std::set<PackId>> indexed_packs(Repository& repository) {
  std::set<PackId> packs;
  const auto files =
      TRY_CONTEXT(repository.backend().list(storage::FileType::index), "listing the index");
  for (const storage::FileInfo& file : files) {
    const std::string context = "index " + file.name.substr(0, 8);
    const Bytes text =
        TRY_CONTEXT(repository.load_file({storage::FileType::index, file.name}), context);
    const auto indexed = TRY_CONTEXT(decode_index(as_text(text)), context);
    for (const IndexedPack& pack : indexed) packs.insert(pack.id);
    // A prune may delete these at any time.
    const auto retired = TRY_CONTEXT(decode_retired(as_text(text)), context);
    for (const RetiredPack& pack : retired) packs.insert(pack.id);
  }
  return packs;
}

Result<void> save_index(Repository& repository, std::vector<IndexedPack>& packs) {
  if (packs.empty()) return {};
  const std::string name = TRY(repository.save_file(storage::FileType::index, encode_index(packs)));
  repository.index().mark_read(name);
  repository.index().add(packs);
  packs.clear();
  return {};
}

}  // namespace

Result<Adoption> adopt_unindexed_packs(Repository& repository) {
  const auto stored =
      TRY_CONTEXT(repository.backend().list(storage::FileType::data), "listing packs");
  const std::set<PackId> known = TRY(indexed_packs(repository));
  Adoption adoption;
  std::vector<IndexedPack> packs;
  std::size_t blobs_in_file = 0;
  for (const storage::FileInfo& file : stored) {
    const PackId id = TRY(PackId::from_hex(file.name));
    if (known.contains(id)) continue;
    auto blobs = load_pack_header(repository, id, file.size);
    if (!blobs) {
      log::warning("a pack that no index names cannot be read",
                   {{"pack", file.name}, {"why", blobs.error().message()}});
      continue;
    }
    ++adoption.packs;
    adoption.blobs += blobs->size();
    blobs_in_file += blobs->size();
    packs.push_back({id, *std::move(blobs)});
    if (blobs_in_file < kIndexBlobsMax) continue;
    TRY(save_index(repository, packs));
    blobs_in_file = 0;
  }
  TRY(save_index(repository, packs));
  return adoption;
}

}  // namespace bulkhead::repository
