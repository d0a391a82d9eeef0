#include "supervisor/watch/watcher.h"

#include <vector>

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/log.h"

namespace bulkhead::supervisor {

Result<std::unique_ptr<Watcher>> Watcher::start(const Clock& clock, Listener listener) {
  FileDescriptor wake(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake.valid()) return fail_errno(errno, "making an eventfd");
  std::unique_ptr<Watcher> watcher(new Watcher(clock, std::move(listener), std::move(wake)));
  watcher->thread_ = std::thread([raw = watcher.get()] { raw->run(); });
  return watcher;
}

Watcher::~Watcher() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake();
  thread_.join();
}

Result<void> Watcher::arm(DatasetWatchOptions options) {
  const std::string service = options.service;
  DatasetWatch watch = TRY_CONTEXT(DatasetWatch::create(std::move(options), clock_),
                                   "watching the dataset of " + service);
  {
    const std::lock_guard lock(mutex_);
    watches_[service] = std::make_unique<DatasetWatch>(std::move(watch));
  }
  wake();
  return {};
}

void Watcher::disarm(const std::string& service) {
  {
    const std::lock_guard lock(mutex_);
    watches_.erase(service);
  }
  wake();
}

void Watcher::wake() {
  const std::uint64_t one = 1;
  // A full counter is as good: the thread is woken either way.
  [[maybe_unused]] const ssize_t written = write(wake_.get(), &one, sizeof one);
}

void Watcher::run() {
  while (true) {
    std::vector<pollfd> waiting{{.fd = wake_.get(), .events = POLLIN, .revents = 0}};
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) return;
      for (const auto& [service, watch] : watches_) {
        waiting.push_back({.fd = watch->descriptor(), .events = POLLIN, .revents = 0});
      }
    }
    if (poll(waiting.data(), waiting.size(), -1) < 0 && errno != EINTR) {
      log::error("The watcher cannot wait for events", {{"error", std::to_string(errno)}});
      return;
    }
    std::uint64_t count = 0;
    [[maybe_unused]] const ssize_t drained = read(wake_.get(), &count, sizeof count);

    std::vector<analysis::Indicator> found;
    {
      const std::lock_guard lock(mutex_);
      for (const auto& [service, watch] : watches_) {
        Result<std::vector<analysis::Indicator>> indicators = watch->read_events();
        if (!indicators) {
          log::error("A dataset cannot be watched",
                     {{"service", service}, {"error", indicators.error().message()}});
          found.push_back({.kind = analysis::IndicatorKind::watch_blind,
                           .service = service,
                           .time = clock_.now(),
                           .explanation = indicators.error().message()});
          continue;
        }
        found.insert(found.end(), indicators->begin(), indicators->end());
      }
    }
    for (const analysis::Indicator& indicator : found) listener_(indicator);
  }
}

}  // namespace bulkhead::supervisor
