// Counts and latencies of requests in Prometheus' text format 0.0.4. Labels are route patterns,
// methods and statuses, never paths or addresses, so their number is bounded by the program.
// Thread-safe.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <tuple>

#include "base/guarded.h"

namespace bulkhead::service::internal {

class Metrics {
 public:
  explicit Metrics(std::string service) : service_(std::move(service)) {}

  void record(std::string_view route, std::string_view method, int status,
              std::chrono::nanoseconds duration);
  // `audit_sent` and `audit_dropped` are the audit socket's counts.
  std::string text(std::uint64_t audit_sent, std::uint64_t audit_dropped) const;

  // Upper bounds in seconds; the last bucket, +Inf, is the count.
  static constexpr std::array<double, 11> kBounds = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                                     0.1,   0.25,   0.5,   1,    5};

 private:
  struct Histogram {
    std::array<std::uint64_t, kBounds.size()> buckets{};
    std::uint64_t count = 0;
    double sum_seconds = 0;
  };
  struct Counts {
    std::map<std::tuple<std::string, std::string, int>, std::uint64_t> requests;
    std::map<std::string, Histogram> durations;
  };
  const std::string service_;
  Guarded<Counts> counts_;
};

}  // namespace bulkhead::service::internal
