#include "analysis/clean_point.h"

#include <algorithm>

#include <fmt/format.h>

namespace bulkhead::analysis {

std::optional<CleanPoint> choose_clean_point(std::span<const SnapshotPoint> snapshots,
                                             std::span<const Indicator> indicators) {
  const auto first = std::ranges::min_element(
      indicators, {}, [](const Indicator& indicator) { return indicator.time; });
  std::vector<SnapshotPoint> newest_first(snapshots.begin(), snapshots.end());
  // The id decides between equal times, so that the order of the input does not.
  std::ranges::sort(newest_first, [](const SnapshotPoint& a, const SnapshotPoint& b) {
    return a.time != b.time ? a.time > b.time : a.id > b.id;
  });

  CleanPoint point;
  for (const SnapshotPoint& snapshot : newest_first) {
    const bool is_clean =
        first == indicators.end() ||
        (!snapshot.is_evidence && std::max(snapshot.time, snapshot.complete) < first->time);
    if (!is_clean) {
      point.passed_over.push_back(snapshot);
      continue;
    }
    point.snapshot = snapshot;
    point.reason = first == indicators.end()
                       ? "the newest snapshot; the service has no indicator"
                       : fmt::format("the newest snapshot before the first indicator ({} at {})",
                                     name_of(first->kind), to_rfc3339_milliseconds(first->time));
    return point;
  }
  return std::nullopt;
}

}  // namespace bulkhead::analysis
