// Serves a handler on a Unix socket or a TCP address, with TLS where a certificate is given. One
// thread accepts, `threads` workers serve a connection each; what exceeds `connections_max` waits.
// Every limit has a name here. stop() lets requests under way end, within `grace`.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "base/file.h"
#include "http/router.h"

namespace bulkhead::http {

struct ServerOptions {
  Path unix_socket;        // or:
  std::string address;     // "127.0.0.1"
  std::uint16_t port = 0;  // 0: any free one, see Server::port()
  mode_t unix_socket_mode = 0660;
  Path certificate_file;  // PEM; empty: no TLS
  Path key_file;
  std::size_t threads = 32;
  std::size_t header_size_max = 32 * 1024;
  std::uint64_t body_size_max = 64 * 1024 * 1024;  // a handler may read less
  std::chrono::milliseconds header_timeout{10'000};
  std::chrono::milliseconds idle_timeout{65'000};
  bool trust_forwarded = false;  // take the visitor's address and request id from the gateway
};

class Server {
 public:
  static Result<std::unique_ptr<Server>> start(ServerOptions options, Handler handler);
  virtual ~Server() = default;
  virtual std::uint16_t port() const = 0;
  virtual void stop(std::chrono::milliseconds grace) = 0;
};

}  // namespace bulkhead::http
