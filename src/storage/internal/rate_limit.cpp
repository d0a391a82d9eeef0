#include "storage/internal/rate_limit.h"

#include <algorithm>
#include <thread>

namespace bulkhead::storage {
namespace {

constexpr std::chrono::milliseconds kUnusedMax(50);
constexpr std::uint64_t kPortionMin = 256;
constexpr std::uint64_t kPortionMax = 64 << 10;

}  // namespace

void RateLimit::take(std::uint64_t bytes) {
  std::this_thread::sleep_until(reserve(bytes, std::chrono::steady_clock::now()));
}

RateLimit::Time RateLimit::reserve(std::uint64_t bytes, Time now) {
  using Seconds = std::chrono::duration<double>;
  const Seconds lasting(static_cast<double>(bytes) / static_cast<double>(bytes_a_second_));
  const std::lock_guard lock(mutex_);
  free_ = std::max(free_, now - kUnusedMax) + std::chrono::duration_cast<Time::duration>(lasting);
  return free_;
}

std::size_t RateLimit::portion() const {
  return static_cast<std::size_t>(std::clamp(bytes_a_second_ / 8, kPortionMin, kPortionMax));
}

}  // namespace bulkhead::storage
