#include "services/meetings/domain/floor.h"

namespace bulkhead::services::meetings {

Floor::Floor(std::chrono::milliseconds beat) : thread_([this, beat] { run(beat); }) {}

Floor::~Floor() {
  {
    const std::lock_guard lock(lock_);
    stopping_ = true;
  }
  stop_.notify_one();
  thread_.join();
}

void Floor::run(std::chrono::milliseconds beat) {
  std::unique_lock lock(lock_);
  while (!stop_.wait_for(lock, beat, [this] { return stopping_; })) ++count_;
}

}  // namespace bulkhead::services::meetings
