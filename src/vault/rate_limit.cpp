#include "vault/rate_limit.h"

#include <algorithm>
#include <cmath>

namespace bulkhead::vault {
namespace {

constexpr double kBurstSeconds = 10;

}  // namespace

RateLimit::RateLimit(Rates rates, const Clock& clock) : rates_(rates), clock_(clock) {
  buckets_.with([&](Buckets& buckets) {
    buckets = {static_cast<double>(rates.requests) * kBurstSeconds,
               static_cast<double>(rates.bytes) * kBurstSeconds, clock.steady_now()};
  });
}

std::optional<std::chrono::seconds> RateLimit::take(std::uint64_t size) {
  if (rates_.requests == 0 && rates_.bytes == 0) return std::nullopt;
  return buckets_.with([&](Buckets& buckets) -> std::optional<std::chrono::seconds> {
    const SteadyTime now = clock_.steady_now();
    const double seconds = std::chrono::duration<double>(now - buckets.filled).count();
    buckets.filled = now;
    double wait = 0;
    const auto fill = [&](double& bucket, std::uint64_t rate, double wanted) {
      if (rate == 0) return;
      const double most = static_cast<double>(rate) * kBurstSeconds;
      bucket = std::min(most, bucket + seconds * static_cast<double>(rate));
      const double missing = std::min(wanted, most) - bucket;
      wait = std::max(wait, missing / static_cast<double>(rate));
    };
    fill(buckets.requests, rates_.requests, 1);
    fill(buckets.bytes, rates_.bytes, static_cast<double>(size));
    if (wait > 0) return std::chrono::seconds(static_cast<std::int64_t>(std::ceil(wait)));
    buckets.requests -= 1;
    buckets.bytes -= static_cast<double>(size);
    return std::nullopt;
  });
}

}  // namespace bulkhead::vault
