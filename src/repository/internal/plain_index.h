// Index files as we and restic write them, read many times faster than JSON in general, and without
// a value for each of their parts.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "repository/retired_packs.h"

namespace bulkhead::repository {

struct PlainIndex {
  std::vector<IndexedPack> packs;
  std::vector<RetiredPack> retired;
};

// Nothing where the text is not exactly of that form: it may be good all the same.
std::optional<PlainIndex> read_plain_index(std::string_view text);

// Kind corrupt where no blob can be so.
Result<void> require_possible_blob(const PackedBlob& blob);

}  // namespace bulkhead::repository
