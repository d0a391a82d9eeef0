// Uses a service every 100 ms from a thread of its own, and remembers each time that it failed: how
// the drill proves that a service noticed nothing. A probe that takes longer delays the next one;
// none is left out silently, since the number sent is reported too.
#pragma once

#include <chrono>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace bulkhead::cli::drill {

inline constexpr std::chrono::milliseconds kProbePeriod{100};

struct LostProbe {
  WallTime time;
  std::string reason;
};

struct ProbeTally {
  std::string service;
  std::uint64_t sent = 0;
  std::uint64_t lost = 0;
  std::chrono::microseconds slowest{};
  std::chrono::microseconds total{};  // of those that were answered
  std::vector<LostProbe> first_lost;  // at most kLostKept
};
inline constexpr std::size_t kLostKept = 20;

class ContinuousProbe {
 public:
  using Probe = std::function<Result<void>()>;

  ContinuousProbe(std::string service, Probe probe);
  ~ContinuousProbe() { stop(); }
  ContinuousProbe(const ContinuousProbe&) = delete;
  ContinuousProbe& operator=(const ContinuousProbe&) = delete;

  ProbeTally tally() const;
  void stop();

 private:
  void run();

  const Probe probe_;
  mutable std::mutex mutex_;
  ProbeTally tally_;       // under mutex_
  bool stopping_ = false;  // under mutex_
  std::thread thread_;
};

}  // namespace bulkhead::cli::drill
