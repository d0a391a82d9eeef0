#include "analysis/snapshot_comparison.h"

#include <algorithm>
#include <map>

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
          .explanation = std::move(explanation),
          .generation = input.generation};
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

// Spread over the whole list: what sorts first must not hide what follows.
std::vector<std::string> sample(const std::vector<std::string>& paths, std::size_t count_max) {
  if (paths.size() <= count_max) return paths;
  std::vector<std::string> chosen;
  for (std::size_t i = 0; i < count_max; ++i) {
    chosen.push_back(paths[i * paths.size() / count_max]);
  }
  return chosen;
}

// "pages/about.md.x7f3" and "pages/about.x7f3" -> "pages/about": by this an encrypted copy is
// matched with the file that it took the place of.
std::string_view stem_of(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  const std::size_t name = slash == std::string_view::npos ? 0 : slash + 1;
  const std::size_t dot = path.find('.', name + 1);
  return path.substr(0, dot);
}

// As an encryption leaves a file, whole or in part, without a look at what it was.
bool is_illegible(const ContentProfile& profile) {
  return looks_encrypted(profile) ||
         (profile.kind == ContentKind::unknown && profile.sampled >= kSampledMin &&
          profile.entropy_bits >= kEntropyLostKindBits);
}

bool is_legible(const ContentProfile& profile) {
  return profile.kind != ContentKind::unknown && profile.kind != ContentKind::empty;
}

Result<void> find_entropy_jumps(const ComparisonInput& input, const ListingDifference& changes,
                                const Profiler& profile, const ComparisonLimits& limits,
                                std::vector<Indicator>& found) {
  std::size_t illegible = 0;
  std::string first;
  for (const std::string& path : sample(changes.changed, limits.profiled_max)) {
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

// Encryption that renames: the files are gone, and others, illegible, are there instead.
Result<void> find_replacements(const ComparisonInput& input, const ListingDifference& changes,
                               const Profiler& profile, const ComparisonLimits& limits,
                               std::vector<Indicator>& found) {
  if (std::min(changes.removed.size(), changes.added.size()) <= limits.illegible_max) return {};
  std::map<std::string, ContentProfile, std::less<>> legible;  // by stem
  std::size_t vanished = 0;
  for (const std::string& path : sample(changes.removed, limits.profiled_max)) {
    const ContentProfile before = TRY_CONTEXT(profile(Side::before, path), path);
    if (!is_legible(before)) continue;
    ++vanished;
    legible.emplace(stem_of(path), before);
  }
  std::size_t appeared = 0;
  std::size_t renamed = 0;
  std::string first;
  for (const std::string& path : sample(changes.added, limits.profiled_max)) {
    const ContentProfile after = TRY_CONTEXT(profile(Side::after, path), path);
    const auto original = legible.find(stem_of(path));
    const bool is_renamed = original != legible.end() && is_entropy_jump(original->second, after);
    if (!is_renamed && !is_illegible(after)) continue;
    if (is_renamed) ++renamed;
    if (appeared++ == 0) first = path;
  }
  if (renamed <= limits.illegible_max && std::min(vanished, appeared) <= limits.replaced_max) {
    return {};
  }
  found.push_back(make(input, IndicatorKind::mass_change, first,
                       fmt::format("{} legible files are gone since the snapshot before, and {} "
                                   "new ones are as if encrypted",
                                   vanished, appeared)));
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
  TRY(find_replacements(input, changes, profile, limits, found));
  find_mass_removal(input, before, changes, limits, found);
  return found;
}

}  // namespace bulkhead::analysis
