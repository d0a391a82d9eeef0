// Which packs a check reads where a repository is too large to be read whole each time: restic's
// forms of --read-data-subset.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "base/result.h"
#include "repository/ids.h"

namespace bulkhead::repository {

struct DataSubset {
  enum class Kind {
    all,
    group,    // one of `groups` that a pack belongs to for good, by its id: day after day, all
    percent,  // of the packs, other ones each time
    bytes,    // as many packs as fit, other ones each time
  };
  Kind kind = Kind::all;
  unsigned group = 1;  // from 1
  unsigned groups = 1;
  double percent = 100;
  std::uint64_t bytes = 0;
};

// "2/7", "2.5%", "500M". Kind invalid, saying what can be written.
Result<DataSubset> parse_data_subset(std::string_view text);

struct SizedPack {
  PackId id;
  std::uint64_t size;
};
// At least one, where there are any, but of a group that has none.
std::vector<SizedPack> choose_packs(std::vector<SizedPack> packs, const DataSubset& subset,
                                    Random& random);

}  // namespace bulkhead::repository
