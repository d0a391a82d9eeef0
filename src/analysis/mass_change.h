// Tells a service at work from an attacker at work by rate: how many different files of one dataset
// were changed, made illegible, or removed within a sliding window. Says so once per limit until
// the window is quiet again. Not thread-safe: one watcher owns one.
#pragma once

#include <chrono>
#include <deque>
#include <optional>
#include <set>
#include <string>

#include "analysis/indicator.h"

namespace bulkhead::analysis {

enum class ChangeKind { created, rewritten, made_illegible, removed };

struct Change {
  ChangeKind kind = ChangeKind::rewritten;
  std::string path;  // relative to the dataset
};

// What a window may hold. made_illegible also counts as rewritten.
struct MassChangeLimits {
  std::chrono::milliseconds window{10'000};
  std::size_t illegible_max = 2;
  std::size_t rewritten_max = 200;
  std::size_t removed_max = 100;
};

class MassChangeDetector {
 public:
  MassChangeDetector(std::string service, MassChangeLimits limits, const Clock& clock)
      : service_(std::move(service)), limits_(limits), clock_(clock) {}

  // The indicator that this change completes, if any.
  std::optional<Indicator> observe(const Change& change);

 private:
  struct Seen {
    SteadyTime time;
    Change change;
  };
  void forget_before(SteadyTime time);
  std::size_t count(std::initializer_list<ChangeKind> kinds) const;
  Indicator indicator(IndicatorKind kind, const Change& change, std::string explanation) const;

  const std::string service_;
  const MassChangeLimits limits_;
  const Clock& clock_;
  std::deque<Seen> seen_;  // in order of time; bounded by kSeenMax
  std::set<IndicatorKind> said_;
};

}  // namespace bulkhead::analysis
