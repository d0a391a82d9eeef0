#include "repository/internal/open_packs.h"

#include <algorithm>

namespace bulkhead::repository {

Result<PackBuilder> OpenPacks::take_one(BlobType type) {
  auto open = open_.with([&](auto& all) -> std::optional<PackBuilder> {
    auto& of_type = all[static_cast<std::size_t>(type)];
    if (of_type.empty()) return std::nullopt;
    PackBuilder last = std::move(of_type.back());
    of_type.pop_back();
    return last;
  });
  if (open) return *std::move(open);
  return PackBuilder(TRY(repository_.backend().begin_file()));
}

Result<std::vector<PackBuilder>> OpenPacks::add(const PackedBlob& blob, ByteView sealed) {
  std::vector<PackBuilder> complete;
  PackBuilder builder = TRY(take_one(blob.type));
  if (builder.would_overflow(sealed.size())) {
    complete.push_back(std::move(builder));
    builder = PackBuilder(TRY(repository_.backend().begin_file()));
  }
  TRY(builder.add(blob, sealed));
  if (builder.size() >= repository_.options().pack_size) {
    complete.push_back(std::move(builder));
    return complete;
  }
  open_.with(
      [&](auto& all) { all[static_cast<std::size_t>(blob.type)].push_back(std::move(builder)); });
  return complete;
}

Result<std::vector<PackBuilder>> OpenPacks::take_all() {
  std::vector<PackBuilder> packs;
  for (auto& of_type : open_.with([](auto& all) { return std::exchange(all, {}); })) {
    std::ranges::sort(of_type, std::greater(), &PackBuilder::size);
    for (PackBuilder& builder : of_type) {
      // The largest of this type is the last of `packs`, if there is one.
      const bool first = &builder == &of_type.front();
      const bool fits =
          !first && packs.back().size() + builder.size() <= repository_.options().pack_size;
      if (fits) TRY(packs.back().add_all(builder));
      else packs.push_back(std::move(builder));
    }
  }
  return packs;
}

}  // namespace bulkhead::repository
