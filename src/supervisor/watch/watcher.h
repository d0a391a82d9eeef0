// Watches the datasets of all services from one thread, and hands each indicator over at once.
// arm() and disarm() may be called from any thread; the listener is called from the watcher's own
// and may take its time: what happens meanwhile waits in the kernel's queues.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "supervisor/watch/dataset_watch.h"

namespace bulkhead::supervisor {

class Watcher {
 public:
  using Listener = std::function<void(const analysis::Indicator&)>;

  static Result<std::unique_ptr<Watcher>> start(const Clock& clock, Listener listener);
  ~Watcher();
  Watcher(const Watcher&) = delete;
  Watcher& operator=(const Watcher&) = delete;

  // Looks at the dataset and watches it from then on, instead of what was watched for the service.
  Result<void> arm(DatasetWatchOptions options);
  void disarm(const std::string& service);

 private:
  Watcher(const Clock& clock, Listener listener, FileDescriptor wake)
      : clock_(clock), listener_(std::move(listener)), wake_(std::move(wake)) {}
  void run();
  void wake();

  const Clock& clock_;
  const Listener listener_;
  const FileDescriptor wake_;
  std::mutex mutex_;
  std::map<std::string, std::unique_ptr<DatasetWatch>> watches_;  // by service; under mutex_
  bool stopping_ = false;                                         // under mutex_
  std::thread thread_;
};

}  // namespace bulkhead::supervisor
