#include "base/unix_socket.h"

#include <cerrno>

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/time.h>

namespace bulkhead {

Result<sockaddr_un> unix_address(const Path& path) {
  const std::string& text = path.native();
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (text.empty()) return fail(ErrorKind::invalid, "a socket needs a path");
  if (text.size() >= sizeof address.sun_path) {
    return fail(ErrorKind::limit, fmt::format("{}: {} bytes, and a socket's path has at most {}",
                                              text, text.size(), sizeof address.sun_path - 1));
  }
  text.copy(address.sun_path, text.size());
  return address;
}

Result<FileDescriptor> make_unix_stream(std::chrono::milliseconds time_max) {
  FileDescriptor fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return fail_errno(errno, "making a Unix socket");
  const timeval time{.tv_sec = time_max.count() / 1000,
                     .tv_usec = static_cast<suseconds_t>(time_max.count() % 1000 * 1000)};
  for (const int option : {SO_RCVTIMEO, SO_SNDTIMEO}) {
    if (::setsockopt(fd.get(), SOL_SOCKET, option, &time, sizeof time) != 0) {
      return fail_errno(errno, "limiting a Unix socket's time");
    }
  }
  return fd;
}

}  // namespace bulkhead
