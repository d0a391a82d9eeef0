// The floor's heartbeat: a count that a thread of its own moves on, as the sound of a meeting would
// go on. It stands still when the program is frozen or hangs, so a probe that sees it advance has
// seen the service alive, not only its socket.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

#include "base/periodic_task.h"

namespace bulkhead::services::meetings {

class Floor {
 public:
  explicit Floor(std::chrono::milliseconds beat);

  std::uint64_t count() const { return count_; }

 private:
  std::atomic<std::uint64_t> count_ = 0;
  PeriodicTask beat_;
};

}  // namespace bulkhead::services::meetings
