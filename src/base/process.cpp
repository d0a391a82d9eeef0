#include "base/process.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <thread>

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

namespace bulkhead {
namespace {

constexpr int kExecFailed = 127;

ExitStatus decode(int status) {
  if (WIFSIGNALED(status)) return {.code = 0, .signal = WTERMSIG(status)};
  return {.code = WEXITSTATUS(status), .signal = 0};
}

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> out;
  out.reserve(texts.size() + 1);
  for (const std::string& text : texts) out.push_back(const_cast<char*>(text.c_str()));
  out.push_back(nullptr);
  return out;
}

struct Prepared {
  std::vector<char*> arguments;
  std::vector<char*> environment;
  std::vector<ProcessOptions::Inherited> descriptors;  // `from` are above every `to`
};

[[noreturn]] void child(const ProcessOptions& options, const Prepared& prepared, int report) {
  const auto give_up = [&] {
    const int error_number = errno;
    (void)!::write(report, &error_number, sizeof error_number);
    ::_exit(kExecFailed);
  };
  ::setpgid(0, 0);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  ::signal(SIGPIPE, SIG_DFL);
  if (!options.directory.empty() && ::chdir(options.directory.c_str()) != 0) give_up();
  // Whatever the program was itself given open must not go on to its children.
  if (::close_range(3, ~0u, CLOSE_RANGE_CLOEXEC) != 0) give_up();
  for (const auto& [from, to] : prepared.descriptors) {
    if (::dup2(from, to) < 0) give_up();
  }
  if (options.before_exec && !options.before_exec()) give_up();
  ::execvpe(prepared.arguments[0], prepared.arguments.data(), prepared.environment.data());
  give_up();
  ::_exit(kExecFailed);
}

}  // namespace

std::string ExitStatus::describe() const {
  return signal != 0 ? fmt::format("killed by signal {}", signal)
                     : fmt::format("exit status {}", code);
}

Result<Process> Process::start(const ProcessOptions& options) {
  if (options.arguments.empty()) return fail(ErrorKind::internal, "no program to start");
  const FileDescriptor null = TRY(open_file("/dev/null", O_RDWR));
  std::vector<ProcessOptions::Inherited> wanted = options.inherited;
  wanted.push_back({options.standard_input < 0 ? null.get() : options.standard_input, 0});
  wanted.push_back({options.standard_output < 0 ? null.get() : options.standard_output, 1});
  wanted.push_back({options.standard_error < 0 ? STDERR_FILENO : options.standard_error, 2});
  int above = 3;
  for (const auto& entry : wanted) above = std::max(above, entry.to + 1);

  // Copies above every target number, so that no dup2 in the child overwrites a later source.
  std::vector<FileDescriptor> copies;
  Prepared prepared{pointers(options.arguments), pointers(options.environment), {}};
  for (const auto& entry : wanted) {
    const int copy = ::fcntl(entry.from, F_DUPFD_CLOEXEC, above);
    if (copy < 0) return fail_errno(errno, "copying a file descriptor");
    copies.emplace_back(copy);
    prepared.descriptors.push_back({copy, entry.to});
  }
  int report[2];
  if (::pipe2(report, O_CLOEXEC) != 0) return fail_errno(errno, "making a pipe");
  FileDescriptor report_read(report[0]);
  FileDescriptor report_write(::fcntl(report[1], F_DUPFD_CLOEXEC, above));
  ::close(report[1]);
  if (!report_write.valid()) return fail_errno(errno, "copying a file descriptor");

  const pid_t id = ::fork();
  if (id < 0) return fail_errno(errno, fmt::format("starting {}", options.arguments[0]));
  if (id == 0) child(options, prepared, report_write.get());
  ::setpgid(id, id);
  report_write.reset();
  int error_number = 0;
  const auto got = read_some(report_read.get(),
                             {reinterpret_cast<std::uint8_t*>(&error_number), sizeof error_number});
  Process process(id);
  if (got && *got == sizeof error_number) {
    process.wait();
    return fail_errno(error_number, fmt::format("starting {}", options.arguments[0]));
  }
  return process;
}

Process::Process(Process&& other) noexcept
    : id_(std::exchange(other.id_, -1)), status_(std::move(other.status_)) {}

Process& Process::operator=(Process&& other) noexcept {
  if (this != &other) {
    if (id_ > 0 && !status_) stop(std::chrono::milliseconds(0));
    id_ = std::exchange(other.id_, -1);
    status_ = std::move(other.status_);
  }
  return *this;
}

Process::~Process() {
  if (id_ > 0 && !status_) stop(std::chrono::milliseconds(0));
}

std::optional<ExitStatus> Process::poll() {
  if (status_ || id_ <= 0) return status_;
  int status = 0;
  const pid_t got = ::waitpid(id_, &status, WNOHANG);
  if (got == id_) status_ = decode(status);
  // Reaped elsewhere: it is gone, and how it ended is not known.
  if (got < 0 && errno == ECHILD) status_ = ExitStatus{.code = kExecFailed, .signal = 0};
  return status_;
}

ExitStatus Process::wait() {
  while (!status_) {
    int status = 0;
    const pid_t got = ::waitpid(id_, &status, 0);
    if (got == id_) status_ = decode(status);
    else if (errno != EINTR) status_ = ExitStatus{.code = kExecFailed, .signal = 0};
  }
  return *status_;
}

std::optional<ExitStatus> Process::wait_for(std::chrono::milliseconds time) {
  const auto end = std::chrono::steady_clock::now() + time;
  while (!poll()) {
    if (std::chrono::steady_clock::now() >= end) return std::nullopt;
    // waitpid has no timeout, and SIGCHLD belongs to the program.
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return status_;
}

void Process::signal(int number) {
  if (id_ > 0 && !poll()) ::kill(-id_, number);
}

ExitStatus Process::stop(std::chrono::milliseconds grace) {
  if (id_ <= 0) return {};
  signal(SIGTERM);
  if (!wait_for(grace)) ::kill(-id_, SIGKILL);
  return wait();
}

namespace {

struct Channel {
  FileDescriptor here;
  FileDescriptor there;
};

Result<Channel> channel_to_child() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return fail_errno(errno, "making a pipe");
  return Channel{FileDescriptor(ends[1]), FileDescriptor(ends[0])};
}

Result<Channel> channel_from_child() {
  Channel channel = TRY(channel_to_child());
  std::swap(channel.here, channel.there);
  return channel;
}

// False at the end of the stream.
Result<bool> gather(int fd, std::string& out, std::size_t limit) {
  std::uint8_t buffer[65536];
  const std::size_t got = TRY(read_some(fd, buffer));
  out.append(reinterpret_cast<const char*>(buffer), got);
  if (out.size() > limit) {
    return fail(ErrorKind::limit, fmt::format("it printed more than {} bytes", limit));
  }
  return got > 0;
}

struct Streams {
  Channel input, output, error_output;
};

Result<void> exchange(Streams& streams, ByteView input, std::size_t limit,
                      std::chrono::steady_clock::time_point end, RunResult& result) {
  ::fcntl(streams.input.here.get(), F_SETFL, O_NONBLOCK);
  if (input.empty()) streams.input.here.reset();
  while (streams.output.here.valid() || streams.error_output.here.valid()) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        end - std::chrono::steady_clock::now());
    if (left.count() <= 0) return fail(ErrorKind::limit, "it took longer than its time limit");
    pollfd entries[3] = {{streams.output.here.get(), POLLIN, 0},
                         {streams.error_output.here.get(), POLLIN, 0},
                         {streams.input.here.get(), POLLOUT, 0}};
    if (::poll(entries, 3, static_cast<int>(left.count())) < 0 && errno != EINTR) {
      return fail_errno(errno, "waiting for a child");
    }
    if (entries[0].revents && !TRY(gather(streams.output.here.get(), result.output, limit))) {
      streams.output.here.reset();
    }
    if (entries[1].revents &&
        !TRY(gather(streams.error_output.here.get(), result.error_output, limit))) {
      streams.error_output.here.reset();
    }
    if (entries[2].revents) {
      const ssize_t written = ::write(streams.input.here.get(), input.data(), input.size());
      if (written > 0) input = input.subspan(static_cast<std::size_t>(written));
      // A child that closes its input early has had enough of it.
      if (input.empty() || (written < 0 && errno != EAGAIN && errno != EINTR)) {
        streams.input.here.reset();
      }
    }
  }
  return {};
}

}  // namespace

Result<RunResult> run(ProcessOptions options, ByteView input, std::size_t output_limit,
                      std::chrono::milliseconds timeout) {
  const auto end = std::chrono::steady_clock::now() + timeout;
  const std::string name = options.arguments.empty() ? "" : options.arguments[0];
  Streams streams{TRY(channel_to_child()), TRY(channel_from_child()), TRY(channel_from_child())};
  options.standard_input = streams.input.there.get();
  options.standard_output = streams.output.there.get();
  options.standard_error = streams.error_output.there.get();
  // A write to a child that has gone must answer EPIPE.
  static const auto ignored = ::signal(SIGPIPE, SIG_IGN);
  (void)ignored;
  Process process = TRY(Process::start(options));
  streams.input.there.reset();
  streams.output.there.reset();
  streams.error_output.there.reset();
  RunResult result;
  TRY_CONTEXT(exchange(streams, input, output_limit, end, result), name);
  const auto left =
      std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
  const auto status = process.wait_for(std::max(left, std::chrono::milliseconds(1)));
  if (!status) return fail(ErrorKind::limit, fmt::format("{}: longer than its time limit", name));
  result.status = *status;
  return result;
}

}  // namespace bulkhead
