#include "http/server.h"

#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <mutex>
#include <thread>
#include <unordered_map>

#include <sched.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/check.h"
#include "base/log.h"
#include "base/random.h"
#include "http/internal/connection.h"
#include "http/internal/listener.h"

namespace bulkhead::http {
namespace {

using internal::Connection;
using internal::Progress;
using internal::Wait;

constexpr std::chrono::seconds kWatchdogPeriod{1};
// How many connections a worker accepts before it lets another worker go on accepting.
constexpr int kAcceptedAtOnceMax = 16;
// Waking a thread takes long, on an idle virtual machine above all: one worker at a time stays
// awake for as long as a client needs to ask for the next thing (docs/performance.md, "The vault").
constexpr std::chrono::microseconds kAwake{100};
// And serves so many in a row before it looks at others.
constexpr int kServedInARowMax = 16;

// Who may touch the connection: the worker that serves it, or, while it waits in epoll, whoever
// changes the state first.
enum class Hold : std::uint64_t { served, waiting, waiting_for_request, expired };

// A hold, and in the bits above it until when (nanoseconds of the steady clock): one number, so
// that no wait is ended by the deadline of the one before it.
std::uint64_t state_of(Hold hold, SteadyTime::rep until) {
  return (static_cast<std::uint64_t>(until) & ~std::uint64_t{3}) | static_cast<std::uint64_t>(hold);
}
Hold hold_of(std::uint64_t state) { return static_cast<Hold>(state & 3); }

struct Entry {
  Entry(FileDescriptor socket, std::string peer, internal::Shared& shared)
      : connection(std::move(socket), std::move(peer), shared) {}
  Connection connection;
  std::atomic<std::uint64_t> state{state_of(Hold::served, 0)};
};

class EpollServer final : public Server {
 public:
  EpollServer(ServerOptions options, Handler handler) {
    shared_.options = std::move(options);
    shared_.handler = std::move(handler);
    shared_.request_id_prefix = to_hex(SystemRandom().bytes(6));
  }
  ~EpollServer() override { stop(std::chrono::milliseconds(0)); }

  Result<void> begin();
  std::uint16_t port() const override { return listener_.port; }
  void stop(std::chrono::milliseconds grace) override;

 private:
  void work();
  void watch();
  void accept_some();
  void serve(Entry& entry);
  bool goes_on_at_once(const Entry& entry);
  void arm(Entry& entry, const Wait& wait, int operation);
  void remove(Entry& entry);
  void watch_listener(int operation);
  bool wait_until_empty(std::chrono::milliseconds time);

  internal::Shared shared_;
  internal::Listener listener_;
  FileDescriptor epoll_;
  std::atomic<bool> awake_{false};  // a worker waits so
  FileDescriptor finished_;  // an eventfd: readable, for all workers, once the server has ended

  std::mutex mutex_;  // guards what follows
  std::unordered_map<Entry*, std::unique_ptr<Entry>> entries_;
  bool listener_full_ = false;  // not watched until a connection ends
  bool listening_ = false;
  bool ended_ = false;
  std::condition_variable changed_;

  std::vector<std::thread> threads_;
};

Result<void> EpollServer::begin() {
  const ServerOptions& options = shared_.options;
  if (!options.certificate_file.empty()) {
    shared_.tls = TRY(internal::TlsContext::load(options));
  }
  listener_ = TRY(internal::listen_on(options));
  epoll_ = FileDescriptor(::epoll_create1(EPOLL_CLOEXEC));
  finished_ = FileDescriptor(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!epoll_.valid() || !finished_.valid()) return fail_errno(errno, "starting the server");
  epoll_event event{.events = EPOLLIN, .data = {.ptr = &finished_}};
  CHECK(::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, finished_.get(), &event) == 0);
  watch_listener(EPOLL_CTL_ADD);
  listening_ = true;

  // Signals are for the program's main thread, and a peer that has gone is an error, not a signal.
  sigset_t all, before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  for (std::size_t i = 0; i < options.threads; ++i) threads_.emplace_back([this] { work(); });
  threads_.emplace_back([this] { watch(); });
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return {};
}

void EpollServer::watch_listener(int operation) {
  epoll_event event{.events = EPOLLIN | EPOLLONESHOT, .data = {.ptr = &listener_}};
  (void)::epoll_ctl(epoll_.get(), operation, listener_.socket.get(), &event);
}

void EpollServer::work() {
  while (true) {
    epoll_event event{};
    const int count = ::epoll_wait(epoll_.get(), &event, 1, -1);
    if (count < 0 && errno == EINTR) continue;
    CHECK(count == 1);
    if (event.data.ptr == &finished_) return;
    if (event.data.ptr == &listener_) {
      accept_some();
    } else {
      serve(*static_cast<Entry*>(event.data.ptr));
    }
  }
}

void EpollServer::accept_some() {
  for (int i = 0; i < kAcceptedAtOnceMax; ++i) {
    Entry* entry = nullptr;
    {
      const std::lock_guard lock(mutex_);
      if (!listening_) return;
      listener_full_ = entries_.size() >= shared_.options.connections_max;
      if (listener_full_) return;
      internal::Accepted accepted = internal::accept_from(listener_);
      if (!accepted.socket.valid()) {
        if (errno == EMFILE || errno == ENFILE) {
          log::error("no descriptor is left for a new connection");
          listener_full_ = !entries_.empty();
          if (listener_full_) return;
        }
        break;
      }
      auto made = std::make_unique<Entry>(std::move(accepted.socket),
                                          std::move(accepted.peer_address), shared_);
      entry = made.get();
      entries_.emplace(entry, std::move(made));
    }
    // The first bytes are rarely there yet: the worker is free until they are.
    arm(*entry, Wait{Progress::wait_for_readable, shared_.options.header_timeout, true},
        EPOLL_CTL_ADD);
  }
  const std::lock_guard lock(mutex_);
  if (listening_) watch_listener(EPOLL_CTL_MOD);
}

void EpollServer::serve(Entry& entry) {
  const bool expired = hold_of(entry.state.exchange(state_of(Hold::served, 0))) == Hold::expired;
  std::optional<Wait> wait = expired ? entry.connection.expire() : entry.connection.proceed();
  for (int i = 1; i < kServedInARowMax && wait && wait->for_request; ++i) {
    if (!goes_on_at_once(entry)) break;
    wait = entry.connection.proceed();
  }
  if (wait) {
    arm(entry, *wait, EPOLL_CTL_MOD);
  } else {
    remove(entry);
  }
}

bool EpollServer::goes_on_at_once(const Entry& entry) {
  if (awake_.exchange(true)) return false;
  const auto until = std::chrono::steady_clock::now() + kAwake;
  bool there = false;
  while (!there && !shared_.stopping && std::chrono::steady_clock::now() < until) {
    std::uint8_t byte = 0;
    there = ::recv(entry.connection.socket(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
    if (!there) ::sched_yield();
  }
  awake_ = false;
  return there;
}

void EpollServer::arm(Entry& entry, const Wait& wait, int operation) {
  const int socket = entry.connection.socket();
  const auto until = (std::chrono::steady_clock::now() + wait.time).time_since_epoch().count();
  entry.state = state_of(wait.for_request ? Hold::waiting_for_request : Hold::waiting, until);
  // Either stop() sees the hold, or this sees that it has begun: both are sequentially consistent.
  // What has arrived before the cut can still be read.
  if (shared_.stopping && wait.for_request) ::shutdown(socket, SHUT_RD);
  const std::uint32_t direction = wait.what == Progress::wait_for_writable ? EPOLLOUT : EPOLLIN;
  epoll_event event{.events = direction | EPOLLONESHOT, .data = {.ptr = &entry}};
  // From here on another worker may own, or have destroyed, the entry.
  if (::epoll_ctl(epoll_.get(), operation, socket, &event) != 0) {
    log::error("a connection cannot be waited for");
    remove(entry);
  }
}

void EpollServer::remove(Entry& entry) {
  const std::lock_guard lock(mutex_);
  // Closing the socket takes it out of the epoll set.
  entries_.erase(&entry);
  if (listener_full_ && listening_) {
    listener_full_ = false;
    watch_listener(EPOLL_CTL_MOD);
  }
  if (entries_.empty()) changed_.notify_all();
}

void EpollServer::watch() {
  std::unique_lock lock(mutex_);
  while (!changed_.wait_for(lock, kWatchdogPeriod, [this] { return ended_; })) {
    const SteadyTime::rep now = std::chrono::steady_clock::now().time_since_epoch().count();
    for (const auto& [entry, owner] : entries_) {
      std::uint64_t state = entry->state;
      const Hold hold = hold_of(state);
      const bool waits = hold == Hold::waiting || hold == Hold::waiting_for_request;
      if (!waits || static_cast<SteadyTime::rep>(state) > now) continue;
      if (!entry->state.compare_exchange_strong(state, state_of(Hold::expired, 0))) continue;
      // A request that came too slowly is still answered; its connection is not cut both ways.
      ::shutdown(entry->connection.socket(), hold == Hold::waiting ? SHUT_RDWR : SHUT_RD);
    }
  }
}

bool EpollServer::wait_until_empty(std::chrono::milliseconds time) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, time, [this] { return entries_.empty(); });
}

void EpollServer::stop(std::chrono::milliseconds grace) {
  {
    const std::lock_guard lock(mutex_);
    if (ended_) return;
    if (listening_) {
      listening_ = false;
      if (!shared_.options.unix_socket.empty()) ::unlink(shared_.options.unix_socket.c_str());
      listener_.socket.reset();
    }
    shared_.stopping = true;
    for (const auto& [entry, owner] : entries_) {
      if (hold_of(entry->state) == Hold::waiting_for_request) {
        ::shutdown(entry->connection.socket(), SHUT_RD);
      }
    }
  }
  if (!wait_until_empty(grace)) {
    const std::lock_guard lock(mutex_);
    for (const auto& [entry, owner] : entries_) {
      ::shutdown(entry->connection.socket(), SHUT_RDWR);
    }
  }
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return entries_.empty(); });
  ended_ = true;
  changed_.notify_all();
  lock.unlock();
  if (finished_.valid()) ::eventfd_write(finished_.get(), 1);
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

}  // namespace

Result<std::unique_ptr<Server>> Server::start(ServerOptions options, Handler handler) {
  auto server = std::make_unique<EpollServer>(std::move(options), std::move(handler));
  if (auto begun = server->begin(); !begun) return std::unexpected(std::move(begun).error());
  return server;
}

}  // namespace bulkhead::http
