// Work that is done again and again by a thread of its own: when `period` has passed since the last
// time, and soon after wake(). What was woken for is still done when the task ends; nothing else is
// done then. Declare it last in a class, so that it has ended before what it works on goes.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

namespace bulkhead {

// Thread-safe; but `work` must not destroy the task.
class PeriodicTask {
 public:
  // `name` is the thread's, of at most 15 bytes.
  PeriodicTask(std::string name, std::chrono::milliseconds period, std::function<void()> work);
  ~PeriodicTask();
  PeriodicTask(const PeriodicTask&) = delete;
  PeriodicTask& operator=(const PeriodicTask&) = delete;

  // The work is begun once more after this call, however often it is called until then.
  void wake();

 private:
  void run();

  const std::string name_;
  const std::chrono::milliseconds period_;
  const std::function<void()> work_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool woken_ = false;   // under mutex_
  bool ending_ = false;  // under mutex_
  std::thread thread_;
};

}  // namespace bulkhead
