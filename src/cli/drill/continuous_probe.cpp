#include "cli/drill/continuous_probe.h"

#include <algorithm>

namespace bulkhead::cli::drill {

ContinuousProbe::ContinuousProbe(std::string service, Probe probe) : probe_(std::move(probe)) {
  tally_.service = std::move(service);
  thread_ = std::thread([this] { run(); });
}

ProbeTally ContinuousProbe::tally() const {
  const std::lock_guard lock(mutex_);
  return tally_;
}

void ContinuousProbe::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  if (thread_.joinable()) thread_.join();
}

void ContinuousProbe::run() {
  const SystemClock clock;
  SteadyTime next = std::chrono::steady_clock::now();
  while (true) {
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) return;
    }
    const SteadyTime start = std::chrono::steady_clock::now();
    const Result<void> result = probe_();
    const auto took = std::chrono::duration_cast<std::chrono::microseconds>(
        std::chrono::steady_clock::now() - start);
    {
      const std::lock_guard lock(mutex_);
      ++tally_.sent;
      if (result) {
        tally_.slowest = std::max(tally_.slowest, took);
        tally_.total += took;
      } else {
        ++tally_.lost;
        if (tally_.first_lost.size() < kLostKept) {
          tally_.first_lost.push_back({clock.now(), result.error().message()});
        }
      }
    }
    next = std::max(next + kProbePeriod, std::chrono::steady_clock::now());
    std::this_thread::sleep_until(next);
  }
}

}  // namespace bulkhead::cli::drill
