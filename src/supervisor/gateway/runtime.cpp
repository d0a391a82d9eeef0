#include "supervisor/gateway/runtime.h"

#include <cerrno>
#include <cstring>

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include "base/file_descriptor.h"
#include "base/text.h"

namespace bulkhead::supervisor {
namespace {

constexpr std::size_t kAnswerSizeMax = 1 << 20;

Error not_answering(const Path& socket, int error_number) {
  return Error(ErrorKind::unavailable,
               fmt::format("the gateway does not answer on {}: {}", socket.native(),
                           std::strerror(error_number)),
               Retry::may_help);
}

}  // namespace

Result<std::string> GatewayRuntime::ask(std::string_view command,
                                        std::chrono::milliseconds time_max) const {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket_.native().size() >= sizeof address.sun_path) {
    return fail(ErrorKind::limit, fmt::format("{} is too long for a socket", socket_.native()));
  }
  std::memcpy(address.sun_path, socket_.c_str(), socket_.native().size());
  FileDescriptor fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return fail_errno(errno, "making a socket");
  const timeval time{.tv_sec = time_max.count() / 1000,
                     .tv_usec = static_cast<suseconds_t>(time_max.count() % 1000 * 1000)};
  ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time);
  ::setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &time, sizeof time);
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return std::unexpected(not_answering(socket_, errno));
  }
  const std::string line = std::string(command) + "\n";
  if (::send(fd.get(), line.data(), line.size(), MSG_NOSIGNAL) !=
      static_cast<ssize_t>(line.size())) {
    return std::unexpected(not_answering(socket_, errno));
  }
  const auto answer = read_to_end(fd.get(), kAnswerSizeMax);
  if (!answer) return std::unexpected(not_answering(socket_, EAGAIN));
  return std::string(as_text(*answer));
}

Result<void> GatewayRuntime::tell(std::string_view command) const {
  const std::string answer = TRY(ask(command));
  if (trim(answer).empty()) return {};
  return fail(ErrorKind::internal,
              fmt::format("the gateway answers \"{}\" to \"{}\"", trim(answer), command));
}

}  // namespace bulkhead::supervisor
