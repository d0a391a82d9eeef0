// The floor's heartbeat: a count that a thread of its own moves on, as the sound of a meeting would
// go on. It stands still when the program is frozen or hangs, so a probe that sees it advance has
// seen the service alive, not only its socket.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>

namespace bulkhead::services::meetings {

class Floor {
 public:
  explicit Floor(std::chrono::milliseconds beat);
  ~Floor();
  Floor(const Floor&) = delete;
  Floor& operator=(const Floor&) = delete;

  std::uint64_t count() const { return count_; }

 private:
  void run(std::chrono::milliseconds beat);

  std::atomic<std::uint64_t> count_ = 0;
  std::mutex lock_;
  std::condition_variable stop_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace bulkhead::services::meetings
