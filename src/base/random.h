// Randomness is passed in. SystemRandom is the kernel's and is for secrets; SeededRandom repeats
// itself from its seed and is for tests, drills and fuzzing only.
#pragma once

#include <cstdint>
#include <mutex>
#include <random>

#include "base/bytes.h"

namespace bulkhead {

// Thread-safe.
class Random {
 public:
  virtual ~Random() = default;
  virtual void fill(MutableByteView out) = 0;

  std::uint64_t next_u64();
  // Uniform in [0, bound); bound must not be 0.
  std::uint64_t below(std::uint64_t bound);
  Bytes bytes(std::size_t count);
};

class SystemRandom final : public Random {
 public:
  // The kernel's generator does not fail once it is seeded; a failure ends the process.
  void fill(MutableByteView out) override;
};

class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : engine_(seed) {}
  void fill(MutableByteView out) override;

 private:
  std::mutex mutex_;
  std::mt19937_64 engine_;
};

}  // namespace bulkhead
