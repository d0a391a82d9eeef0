#include "supervisor/gateway/runtime.h"

#include <cerrno>
#include <cstring>

#include <fmt/format.h>
#include <sys/socket.h>

#include "base/file_descriptor.h"
#include "base/text.h"
#include "base/unix_socket.h"

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
  const sockaddr_un address = TRY(unix_address(socket_));
  const FileDescriptor fd = TRY(make_unix_stream(time_max));
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
