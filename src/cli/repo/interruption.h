// What Ctrl-C does while a verb holds a lock: a verb that can stop is asked to; another is ended
// once its lock is given back. A second Ctrl-C ends at once.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <thread>

#include "base/file_descriptor.h"

namespace bulkhead::cli::repo {

// As a shell reports a program that SIGINT ended, and as restic does.
inline constexpr int kExitInterrupted = 130;

class Interruption {
 public:
  // Takes SIGINT, SIGTERM and SIGHUP for this process; make it before other threads. `give_back`
  // is called from a thread of its own.
  static Result<std::unique_ptr<Interruption>> watch(std::function<void()> give_back);
  ~Interruption();

  // From now on the verb stops by itself soon after this says true.
  const std::atomic<bool>* cancel();
  bool happened() const { return cancelled_; }

 private:
  Interruption(std::function<void()> give_back, FileDescriptor signals, FileDescriptor stop);
  void watch_signals();

  const std::function<void()> give_back_;
  const FileDescriptor signals_;
  const FileDescriptor stop_;
  std::atomic<bool> cancelled_{false};
  std::atomic<bool> can_cancel_{false};
  std::thread thread_;
};

}  // namespace bulkhead::cli::repo
