#include "analysis/snapshot_comparison.h"

#include <algorithm>

#include <fmt/format.h>

#include "analysis/ransom_sign.h"

namespace bulkhead::analysis {
namespace {

Indicator make(const ComparisonInput& input, IndicatorKind kind, std::string path,
               std::string explanation) {
  return {.kind = kind,
          .service = input.service,
          .path = std::move(path),
          .time = input.time,
          .explanation = std::move(explanation)};
}

void find_canaries(const ComparisonInput& input, const Listing& before, const Listing& after,
                   std::vector<Indicator>& found) {
  for (const std::string& canary : input.canaries) {
    const auto was = before.find(canary);
    if (was == before.end()) continue;  // not planted yet when `before` was taken
    const auto is = after.find(canary);
    if (is != after.end() && is->second == was->second) continue;
    found.push_back(make(input, IndicatorKind::canary_touched, canary,
                         is == after.end() ? "the canary is gone" : "the canary was changed"));
  }
}

void find_ransom_signs(const ComparisonInput& input, const ListingDifference& changes,
                       std::vector<Indicator>& found) {
  for (const std::string& path : changes.added) {
    if (const auto why = ransom_sign_in_name(path)) {
      found.push_back(make(input, IndicatorKind::ransom_sign, path, *why));
      return;  // one tells as much as a thousand
    }
  }
}

Result<void> find_entropy_jumps(const ComparisonInput& input, const ListingDifference& changes,
                                const Profiler& profile, const ComparisonLimits& limits,
                                std::vector<Indicator>& found) {
  std::size_t illegible = 0;
  std::string first;
  const std::size_t count = std::min(changes.changed.size(), limits.profiled_max);
  for (std::size_t i = 0; i < count; ++i) {
    const std::string& path = changes.changed[i];
    const ContentProfile before = TRY_CONTEXT(profile(Side::before, path), path);
    const ContentProfile after = TRY_CONTEXT(profile(Side::after, path), path);
    if (!is_entropy_jump(before, after)) continue;
    if (illegible++ == 0) first = path;
  }
  if (illegible > limits.illegible_max) {
    found.push_back(make(input, IndicatorKind::entropy_jump, first,
                         fmt::format("{} of {} changed files became as if encrypted", illegible,
                                     changes.changed.size())));
  }
  return {};
}

void find_mass_removal(const ComparisonInput& input, const Listing& before,
                       const ListingDifference& changes, const ComparisonLimits& limits,
                       std::vector<Indicator>& found) {
  if (before.size() < limits.removed_judged_min) return;
  const double share =
      static_cast<double>(changes.removed.size()) / static_cast<double>(before.size());
  if (share > limits.removed_share_max) {
    found.push_back(make(input, IndicatorKind::mass_change, "",
                         fmt::format("{} of {} files are gone since the snapshot before",
                                     changes.removed.size(), before.size())));
  }
}

}  // namespace

ListingDifference difference(const Listing& before, const Listing& after) {
  ListingDifference result;
  for (const auto& [path, content] : before) {
    const auto found = after.find(path);
    if (found == after.end()) {
      result.removed.push_back(path);
    } else if (found->second != content) {
      result.changed.push_back(path);
    }
  }
  for (const auto& [path, content] : after) {
    if (!before.contains(path)) result.added.push_back(path);
  }
  return result;
}

Result<std::vector<Indicator>> compare_listings(const ComparisonInput& input, const Listing& before,
                                                const Listing& after, const Profiler& profile,
                                                const ComparisonLimits& limits) {
  const ListingDifference changes = difference(before, after);
  std::vector<Indicator> found;
  find_canaries(input, before, after, found);
  find_ransom_signs(input, changes, found);
  TRY(find_entropy_jumps(input, changes, profile, limits, found));
  find_mass_removal(input, before, changes, limits, found);
  return found;
}

}  // namespace bulkhead::analysis
