#include "repository/data_subset.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "base/text.h"
#include "repository/prune.h"

namespace bulkhead::repository {
namespace {

// By an id's first byte, as restic does it.
constexpr unsigned kGroupsMax = 256;

void shuffle(std::vector<SizedPack>& packs, Random& random) {
  for (std::size_t left = packs.size(); left > 1; --left) {
    std::swap(packs[left - 1], packs[static_cast<std::size_t>(random.below(left))]);
  }
}

std::optional<DataSubset> parse_group(std::string_view first, std::string_view second) {
  const auto group = parse_u64(first);
  const auto groups = parse_u64(second);
  if (!group || !groups || *group == 0 || *group > *groups || *groups > kGroupsMax) {
    return std::nullopt;
  }
  return DataSubset{.kind = DataSubset::Kind::group,
                    .group = static_cast<unsigned>(*group),
                    .groups = static_cast<unsigned>(*groups)};
}

std::optional<DataSubset> parse_percent(std::string_view number) {
  double percent = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), percent);
  const bool whole = error == std::errc() && end == number.data() + number.size();
  if (!whole || !(percent > 0 && percent <= 100)) return std::nullopt;
  return DataSubset{.kind = DataSubset::Kind::percent, .percent = percent};
}

}  // namespace

Result<DataSubset> parse_data_subset(std::string_view text) {
  std::optional<DataSubset> subset;
  if (const std::size_t slash = text.find('/'); slash != std::string_view::npos) {
    subset = parse_group(text.substr(0, slash), text.substr(slash + 1));
  } else if (text.ends_with('%')) {
    subset = parse_percent(text.substr(0, text.size() - 1));
  } else if (const auto bytes = parse_size(text); bytes && *bytes > 0) {
    subset = DataSubset{.kind = DataSubset::Kind::bytes, .bytes = *bytes};
  }
  if (subset) return *subset;
  return fail(
      ErrorKind::invalid,
      fmt::format("\"{}\" is no part of a repository's data; write 2/7 (the second of seven "
                  "parts, of up to {}), 2.5% or 500M",
                  text, kGroupsMax));
}

std::vector<SizedPack> choose_packs(std::vector<SizedPack> packs, const DataSubset& subset,
                                    Random& random) {
  if (subset.kind == DataSubset::Kind::all || packs.empty()) return packs;
  if (subset.kind == DataSubset::Kind::group) {
    std::erase_if(packs, [&](const SizedPack& pack) {
      return pack.id.bytes()[0] % subset.groups != subset.group - 1;
    });
    return packs;
  }
  shuffle(packs, random);
  std::size_t count = 1;
  if (subset.kind == DataSubset::Kind::percent) {
    const double share = static_cast<double>(packs.size()) * subset.percent / 100;
    count = std::max<std::size_t>(1, static_cast<std::size_t>(std::round(share)));
  } else {
    for (std::uint64_t sum = packs[0].size; count < packs.size(); ++count) {
      sum += packs[count].size;
      if (sum > subset.bytes) break;
    }
  }
  packs.resize(std::min(count, packs.size()));
  return packs;
}

}  // namespace bulkhead::repository
