#include "base/periodic_task.h"

#include <sys/prctl.h>

namespace bulkhead {

PeriodicTask::PeriodicTask(std::string name, std::chrono::milliseconds period,
                           std::function<void()> work)
    : name_(std::move(name)), period_(period), work_(std::move(work)), thread_([this] { run(); }) {}

PeriodicTask::~PeriodicTask() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void PeriodicTask::wake() {
  {
    const std::lock_guard lock(mutex_);
    woken_ = true;
  }
  changed_.notify_all();
}

void PeriodicTask::run() {
  ::prctl(PR_SET_NAME, name_.c_str());
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait_for(lock, period_, [this] { return woken_ || ending_; });
    if (ending_ && !woken_) return;
    woken_ = false;
    lock.unlock();
    work_();
    lock.lock();
  }
}

}  // namespace bulkhead
