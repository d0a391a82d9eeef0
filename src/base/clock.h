// Time is passed in, so that a test can say what time it is. Wall time is for people and records;
// steady time is for durations. RFC 3339 in UTC is the only text form.
#pragma once

#include <atomic>
#include <chrono>
#include <string>
#include <string_view>

#include "base/result.h"

namespace bulkhead {

using WallTime = std::chrono::sys_time<std::chrono::nanoseconds>;
using SteadyTime = std::chrono::steady_clock::time_point;

// Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual WallTime now() const = 0;
  virtual SteadyTime steady_now() const = 0;
};

class SystemClock final : public Clock {
 public:
  WallTime now() const override;
  SteadyTime steady_now() const override;
};

// Stands still until it is told to move.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(WallTime start) : nanoseconds_(start.time_since_epoch().count()) {}
  WallTime now() const override;
  SteadyTime steady_now() const override;
  void advance(std::chrono::nanoseconds by) { nanoseconds_ += by.count(); }

 private:
  std::atomic<std::int64_t> nanoseconds_;
};

// "2020-09-30T06:15:00.25Z": trailing zeros of the fraction are left out, as Go does.
std::string to_rfc3339(WallTime time);
// With milliseconds always, for tables and logs: "2020-09-30T06:15:00.250Z".
std::string to_rfc3339_milliseconds(WallTime time);
// Any offset and up to nine digits of fraction; kind invalid otherwise.
Result<WallTime> from_rfc3339(std::string_view text);

}  // namespace bulkhead
