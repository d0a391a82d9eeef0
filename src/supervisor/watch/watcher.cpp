#include "supervisor/watch/watcher.h"

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
  const Key key{options.service, options.generation};
  DatasetWatch watch = TRY_CONTEXT(DatasetWatch::create(std::move(options), clock_),
                                   "watching the dataset of " + key.first);
  {
    const std::lock_guard lock(mutex_);
    watches_[key] = std::make_unique<DatasetWatch>(std::move(watch));
  }
  wake();
  return {};
}

bool Watcher::is_armed(const std::string& service, const std::string& generation) const {
  const std::lock_guard lock(mutex_);
  return watches_.contains({service, generation});
}

void Watcher::look(const std::string& service) { hand_over(service); }

void Watcher::hand_over(const std::string& service) {
  const std::lock_guard handing_over(handing_over_);
  for (const analysis::Indicator& indicator : read_events(service)) listener_(indicator);
}

void Watcher::keep_only(const std::string& service, const std::string& generation) {
  {
    const std::lock_guard lock(mutex_);
    std::erase_if(watches_, [&](const auto& entry) {
      return entry.first.first == service && entry.first.second != generation;
    });
  }
  wake();
}

std::vector<analysis::Indicator> Watcher::read_events(const std::string& service) {
  std::vector<analysis::Indicator> found;
  const std::lock_guard lock(mutex_);
  for (const auto& [key, watch] : watches_) {
    if (!service.empty() && key.first != service) continue;
    Result<std::vector<analysis::Indicator>> indicators = watch->read_events();
    if (!indicators) {
      log::error("A dataset cannot be watched",
                 {{"service", key.first}, {"error", indicators.error().message()}});
      found.push_back({.kind = analysis::IndicatorKind::watch_blind,
                       .service = key.first,
                       .path = {},
                       .time = clock_.now(),
                       .explanation = indicators.error().message(),
                       .generation = key.second});
      continue;
    }
    found.insert(found.end(), indicators->begin(), indicators->end());
  }
  return found;
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
      for (const auto& [key, watch] : watches_) {
        waiting.push_back({.fd = watch->descriptor(), .events = POLLIN, .revents = 0});
      }
    }
    if (poll(waiting.data(), waiting.size(), -1) < 0 && errno != EINTR) {
      log::error("The watcher cannot wait for events", {{"error", std::to_string(errno)}});
      return;
    }
    std::uint64_t count = 0;
    [[maybe_unused]] const ssize_t drained = read(wake_.get(), &count, sizeof count);

    hand_over("");
  }
}

}  // namespace bulkhead::supervisor
