#include "cli/repo/interruption.h"

#include <array>
#include <cerrno>

#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

namespace bulkhead::cli::repo {
namespace {

sigset_t watched_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&set, number);
  return set;
}

}  // namespace

Result<std::unique_ptr<Interruption>> Interruption::watch(std::function<void()> give_back) {
  const sigset_t set = watched_signals();
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  FileDescriptor signals(::signalfd(-1, &set, SFD_CLOEXEC));
  FileDescriptor stop(::eventfd(0, EFD_CLOEXEC));
  if (!signals.valid() || !stop.valid()) return fail_errno(errno, "watching for signals");
  std::unique_ptr<Interruption> made(
      new Interruption(std::move(give_back), std::move(signals), std::move(stop)));
  made->thread_ = std::thread([self = made.get()] { self->watch_signals(); });
  return made;
}

Interruption::Interruption(std::function<void()> give_back, FileDescriptor signals,
                           FileDescriptor stop)
    : give_back_(std::move(give_back)), signals_(std::move(signals)), stop_(std::move(stop)) {}

Interruption::~Interruption() {
  ::eventfd_write(stop_.get(), 1);
  if (thread_.joinable()) thread_.join();
  const sigset_t set = watched_signals();
  ::pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

const std::atomic<bool>* Interruption::cancel() {
  can_cancel_ = true;
  return &cancelled_;
}

void Interruption::watch_signals() {
  while (true) {
    std::array<pollfd, 2> wait = {{{signals_.get(), POLLIN, 0}, {stop_.get(), POLLIN, 0}}};
    if (::poll(wait.data(), wait.size(), -1) < 0 && errno != EINTR) return;
    if (wait[1].revents != 0) return;
    if (wait[0].revents == 0) continue;
    signalfd_siginfo info{};
    (void)!::read(signals_.get(), &info, sizeof info);
    const bool second = cancelled_.exchange(true);
    if (can_cancel_ && !second) continue;
    if (!second) give_back_();
    ::_exit(kExitInterrupted);
  }
}

}  // namespace bulkhead::cli::repo
