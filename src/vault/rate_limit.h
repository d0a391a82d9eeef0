// How fast a repository's clients may ask and send: a bucket each for requests and for bytes, which
// fills at the limit's rate up to what ten seconds bring. Thread-safe.
#pragma once

#include <cstdint>
#include <optional>

#include "base/clock.h"
#include "base/guarded.h"

namespace bulkhead::vault {

// A second; 0: no limit.
struct Rates {
  std::uint64_t requests = 0;
  std::uint64_t bytes = 0;
};

class RateLimit {
 public:
  RateLimit(Rates rates, const Clock& clock);
  // Takes one request and the bytes that it announces. A request that is larger than the bucket is
  // let through once the bucket is full, and the next one pays for it. Otherwise how long to wait.
  std::optional<std::chrono::seconds> take(std::uint64_t bytes);

 private:
  struct Buckets {
    double requests = 0;
    double bytes = 0;
    SteadyTime filled{};
  };
  const Rates rates_;
  const Clock& clock_;
  Guarded<Buckets> buckets_;
};

}  // namespace bulkhead::vault
