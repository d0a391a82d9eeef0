// The socket that a server accepts on.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/file_descriptor.h"
#include "http/server.h"

namespace bulkhead::http::internal {

struct Listener {
  FileDescriptor socket;
  std::uint16_t port = 0;
};

// A Unix socket's file that no process listens on any more is replaced; one that is served is
// refused (kind conflict).
Result<Listener> listen_on(const ServerOptions& options);

struct Accepted {
  FileDescriptor socket;     // non-blocking; not valid: none waits
  std::string peer_address;  // empty on a Unix socket
};
Accepted accept_from(const Listener& listener);

// Nothing where the socket is no Unix socket.
std::optional<Peer> peer_of(int socket);

// What a path that is too long for sockaddr_un is reached by instead: through the descriptor of
// its folder, which `folder` then holds open.
Result<std::string> socket_path(const Path& path, FileDescriptor& folder);

}  // namespace bulkhead::http::internal
