// Watches the datasets of all services from one thread, and hands each indicator over at once. Of
// one service several generations may be under watch: the one in use, and one in the clean room.
// All may be called from any thread; the listener is called from the watcher's own, and by look(),
// and may take its time: what happens meanwhile waits in the kernel's queues.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "supervisor/watch/dataset_watch.h"

namespace bulkhead::supervisor {

class Watcher {
 public:
  using Listener = std::function<void(const analysis::Indicator&)>;

  static Result<std::unique_ptr<Watcher>> start(const Clock& clock, Listener listener);
  ~Watcher();
  Watcher(const Watcher&) = delete;
  Watcher& operator=(const Watcher&) = delete;

  // Looks at the generation and watches it from then on, anew where it was watched already.
  Result<void> arm(DatasetWatchOptions options);
  bool is_armed(const std::string& service, const std::string& generation) const;
  // Hands over what has happened to the service's datasets until now, before it returns.
  void look(const std::string& service);
  // Ends the watches on the service's other generations.
  void keep_only(const std::string& service, const std::string& generation);

 private:
  Watcher(const Clock& clock, Listener listener, FileDescriptor wake)
      : clock_(clock), listener_(std::move(listener)), wake_(std::move(wake)) {}
  void run();
  void wake();
  // Of one service, or of all where it is empty.
  void hand_over(const std::string& service);
  std::vector<analysis::Indicator> read_events(const std::string& service);

  const Clock& clock_;
  const Listener listener_;
  const FileDescriptor wake_;
  using Key = std::pair<std::string, std::string>;  // service, generation
  std::mutex handing_over_;  // what was read is with the listener when it is free; before mutex_
  mutable std::mutex mutex_;
  std::map<Key, std::unique_ptr<DatasetWatch>> watches_;  // under mutex_
  bool stopping_ = false;                                 // under mutex_
  std::thread thread_;
};

}  // namespace bulkhead::supervisor
