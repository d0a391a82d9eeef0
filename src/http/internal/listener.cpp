#include "http/internal/listener.h"

#include <cerrno>
#include <memory>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/unix_socket.h"

namespace bulkhead::http::internal {
namespace {

constexpr int kBacklog = 1024;

bool is_served(const sockaddr_un& address) {
  const FileDescriptor probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  return ::connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

Result<Listener> listen_on_unix(const ServerOptions& options) {
  const std::string name = options.unix_socket.string();
  FileDescriptor folder;
  const std::string path = TRY(socket_path(options.unix_socket, folder));
  const sockaddr_un address = TRY(unix_address(path));
  Listener listener{
      .socket = FileDescriptor(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0))};
  if (!listener.socket.valid()) return fail_errno(errno, "making a Unix socket");
  struct stat status{};
  if (::lstat(address.sun_path, &status) == 0 && S_ISSOCK(status.st_mode)) {
    if (is_served(address)) {
      return fail(ErrorKind::conflict, name + ": another process listens there");
    }
    ::unlink(address.sun_path);
  }
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);
  if (::bind(listener.socket.get(), generic, sizeof address) != 0) return fail_errno(errno, name);
  // Before listen(), so that nobody can connect while the mode is still the umask's.
  if (::chmod(address.sun_path, options.unix_socket_mode) != 0) return fail_errno(errno, name);
  if (::listen(listener.socket.get(), kBacklog) != 0) return fail_errno(errno, name);
  return listener;
}

Result<Listener> listen_on_tcp(const ServerOptions& options) {
  const std::string port = std::to_string(options.port);
  const std::string name = fmt::format("{} port {}", options.address, port);
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int code = ::getaddrinfo(options.address.c_str(), port.c_str(), &hints, &found)) {
    return fail(ErrorKind::invalid, fmt::format("{}: {}", name, ::gai_strerror(code)));
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, &::freeaddrinfo);
  Listener listener{.socket = FileDescriptor(
                        ::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0))};
  if (!listener.socket.valid()) return fail_errno(errno, name);
  const int yes = 1;
  ::setsockopt(listener.socket.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (::bind(listener.socket.get(), found->ai_addr, found->ai_addrlen) != 0 ||
      ::listen(listener.socket.get(), kBacklog) != 0) {
    return fail_errno(errno, name);
  }
  sockaddr_storage bound{};
  socklen_t size = sizeof bound;
  if (::getsockname(listener.socket.get(), reinterpret_cast<sockaddr*>(&bound), &size) != 0) {
    return fail_errno(errno, name);
  }
  listener.port =
      ntohs(bound.ss_family == AF_INET6 ? reinterpret_cast<const sockaddr_in6&>(bound).sin6_port
                                        : reinterpret_cast<const sockaddr_in&>(bound).sin_port);
  return listener;
}

std::string address_of(const sockaddr_storage& peer) {
  char text[INET6_ADDRSTRLEN] = "";
  if (peer.ss_family == AF_INET) {
    ::inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in&>(peer).sin_addr, text, sizeof text);
  } else if (peer.ss_family == AF_INET6) {
    ::inet_ntop(AF_INET6, &reinterpret_cast<const sockaddr_in6&>(peer).sin6_addr, text,
                sizeof text);
  }
  return text;
}

}  // namespace

std::optional<Peer> peer_of(int socket) {
  ucred credentials{};
  socklen_t size = sizeof credentials;
  sockaddr_storage own{};
  socklen_t own_size = sizeof own;
  if (::getsockname(socket, reinterpret_cast<sockaddr*>(&own), &own_size) != 0 ||
      own.ss_family != AF_UNIX ||
      ::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) {
    return std::nullopt;
  }
  return Peer{.process_id = credentials.pid, .user_id = credentials.uid};
}

Result<std::string> socket_path(const Path& path, FileDescriptor& folder) {
  if (path.native().size() < sizeof(sockaddr_un::sun_path)) return path.native();
  folder = TRY(open_file(path.parent_path(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  return fmt::format("/proc/self/fd/{}/{}", folder.get(), path.filename().native());
}

Result<Listener> listen_on(const ServerOptions& options) {
  return options.unix_socket.empty() ? listen_on_tcp(options) : listen_on_unix(options);
}

Accepted accept_from(const Listener& listener) {
  sockaddr_storage peer{};
  socklen_t size = sizeof peer;
  Accepted accepted;
  accepted.socket =
      FileDescriptor(::accept4(listener.socket.get(), reinterpret_cast<sockaddr*>(&peer), &size,
                               SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!accepted.socket.valid()) return accepted;
  accepted.peer_address = address_of(peer);
  if (peer.ss_family != AF_UNIX) {
    const int yes = 1;
    ::setsockopt(accepted.socket.get(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  }
  return accepted;
}

}  // namespace bulkhead::http::internal
