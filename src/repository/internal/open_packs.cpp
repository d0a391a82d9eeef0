#include "repository/internal/open_packs.h"

#include <algorithm>

#include <fmt/format.h>

namespace bulkhead::repository {

// Where packs are gathered: in the repository's file system, or where that is not local, in the
// folder for temporary files.
std::unexpected<Error> OpenPacks::not_gathered(const Error& error) {
  const std::string what = "storing in " + repository_.backend().location();
  if (error.kind() != ErrorKind::limit) return std::unexpected(error.with_context(what));
  return fail(error.kind(),
              fmt::format("{}: {}; make room there (or in TMPDIR, where the repository "
                          "is not local): what was stored by now is not stored again",
                          what, error.message()));
}

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
  if (const auto added = builder.add(blob, sealed); !added) return not_gathered(added.error());
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
