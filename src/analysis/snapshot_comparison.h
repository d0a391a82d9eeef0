// What changed from one snapshot of a dataset to the next, and which of it is a sign of compromise:
// the second look, which finds what the watcher missed, also while bulkheadd was down. Pure:
// contents come through a function, and only those of files that differ are asked for.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "analysis/content_profile.h"
#include "analysis/indicator.h"

namespace bulkhead::analysis {

// Path relative to the dataset -> what identifies its bytes: equal if and only if they are.
using Listing = std::map<std::string, std::string, std::less<>>;

struct ListingDifference {
  std::vector<std::string> added;
  std::vector<std::string> removed;
  std::vector<std::string> changed;
  // Files of `before` that are no longer there as they were.
  std::size_t damaged() const { return removed.size() + changed.size(); }
};
ListingDifference difference(const Listing& before, const Listing& after);

enum class Side { before, after };
using Profiler = std::function<Result<ContentProfile>(Side, const std::string& path)>;

struct ComparisonLimits {
  std::size_t profiled_max = 2'000;  // files of each list that are looked into, evenly spread
  std::size_t illegible_max = 2;     // more are an indicator
  // Legible files gone, and illegible ones come, under names that tell nothing of each other: more
  // of both are an indicator. Above illegible_max, since a few may be chance.
  std::size_t replaced_max = 5;
  double removed_share_max = 0.5;  // of the files before, where there were at least:
  std::size_t removed_judged_min = 20;
};

struct ComparisonInput {
  std::string service;
  WallTime time;           // of the newer snapshot: its indicators bear it
  std::string generation;  // of the dataset that the newer one was taken of
  std::vector<std::string> canaries;
};

Result<std::vector<Indicator>> compare_listings(const ComparisonInput& input, const Listing& before,
                                                const Listing& after, const Profiler& profile,
                                                const ComparisonLimits& limits = {});

}  // namespace bulkhead::analysis
