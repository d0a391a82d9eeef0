#include "analysis/mass_change.h"

#include <algorithm>

#include <fmt/format.h>

namespace bulkhead::analysis {
namespace {

// Far beyond every limit: when it is reached, the indicator has long been raised.
constexpr std::size_t kSeenMax = 10'000;

}  // namespace

std::optional<Indicator> MassChangeDetector::observe(const Change& change) {
  const SteadyTime now = clock_.steady_now();
  forget_before(now - limits_.window);
  if (seen_.empty()) said_.clear();

  const bool is_known = std::ranges::any_of(seen_, [&](const Seen& seen) {
    return seen.change.kind == change.kind && seen.change.path == change.path;
  });
  if (is_known) return std::nullopt;  // one busy file is not many files
  if (seen_.size() == kSeenMax) seen_.pop_front();
  seen_.push_back({now, change});

  const std::size_t illegible = count({ChangeKind::made_illegible});
  if (illegible > limits_.illegible_max && said_.insert(IndicatorKind::entropy_jump).second) {
    return indicator(IndicatorKind::entropy_jump, change,
                     fmt::format("{} legible files became as if encrypted within {} s", illegible,
                                 limits_.window.count() / 1000));
  }
  const std::size_t rewritten = count({ChangeKind::rewritten, ChangeKind::made_illegible});
  const std::size_t removed = count({ChangeKind::removed});
  if ((rewritten > limits_.rewritten_max || removed > limits_.removed_max) &&
      said_.insert(IndicatorKind::mass_change).second) {
    return indicator(IndicatorKind::mass_change, change,
                     fmt::format("{} files rewritten and {} removed within {} s", rewritten,
                                 removed, limits_.window.count() / 1000));
  }
  return std::nullopt;
}

void MassChangeDetector::forget_before(SteadyTime time) {
  while (!seen_.empty() && seen_.front().time < time) seen_.pop_front();
}

std::size_t MassChangeDetector::count(std::initializer_list<ChangeKind> kinds) const {
  return static_cast<std::size_t>(std::ranges::count_if(seen_, [&](const Seen& seen) {
    return std::ranges::find(kinds, seen.change.kind) != kinds.end();
  }));
}

Indicator MassChangeDetector::indicator(IndicatorKind kind, const Change& change,
                                        std::string explanation) const {
  return {.kind = kind,
          .service = service_,
          .path = change.path,
          .time = clock_.now(),
          .explanation = std::move(explanation)};
}

}  // namespace bulkhead::analysis
