// So many bytes a second and no more, shared by all transfers of a backend. Thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>

namespace bulkhead::storage {

class RateLimit {
 public:
  using Time = std::chrono::steady_clock::time_point;
  explicit RateLimit(std::uint64_t bytes_a_second) : bytes_a_second_(bytes_a_second) {}

  // Waits until `bytes` more may go. Give it small amounts: they go at once when it returns.
  void take(std::uint64_t bytes);
  // When those may go that are asked for now. What was not used before is lost but for a moment's.
  Time reserve(std::uint64_t bytes, Time now);
  // What to take at once, that the flow be even and no wait be long.
  std::size_t portion() const;

 private:
  const std::uint64_t bytes_a_second_;
  std::mutex mutex_;
  Time free_{};  // when what was reserved will have gone
};

}  // namespace bulkhead::storage
