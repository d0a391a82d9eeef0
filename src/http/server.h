// Serves a handler on a Unix socket or a TCP address, with TLS 1.3 where a certificate is given.
//
// Workers share one epoll instance. A connection takes a worker only while its request is handled,
// its body read, or a stream written; waiting for a header, for the next request, or for a slow
// reader of a page or a file costs no worker. A handler runs on a worker and may block; it must be
// thread-safe. Every limit has a name here.
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
  std::string address;     // "127.0.0.1", "::1"
  std::uint16_t port = 0;  // 0: any free one, see Server::port()
  mode_t unix_socket_mode = 0660;
  Path certificate_file;  // PEM, with its chain; empty: no TLS
  Path key_file;
  // PEM of who signs clients' certificates; empty: clients are asked for none. What a client shows
  // must be signed and valid, or the handshake fails; whether it must show one is said below.
  Path client_authority_file;
  bool client_certificate_required = false;
  std::size_t threads = 32;
  std::size_t connections_max = 4096;  // further ones wait in the kernel's queue
  std::size_t header_size_max = 32 * 1024;
  std::uint64_t body_size_max = 64 * 1024 * 1024;  // a handler may read less
  std::chrono::milliseconds header_timeout{10'000};
  std::chrono::milliseconds idle_timeout{65'000};
  // A peer that sends a body or reads a response may keep us waiting so long in all, and another
  // second for each `transfer_rate_min` bytes that it moved.
  std::chrono::milliseconds transfer_timeout{30'000};
  std::uint64_t transfer_rate_min = 4 * 1024;
  bool trust_forwarded = false;  // take the visitor's address and request id from the gateway
  bool identify_peer = false;    // fills Request::peer; Unix sockets only
  // Sees each request with its response before that is sent, and how long the handler took.
  std::function<void(const Request&, const Response&, std::chrono::nanoseconds)> observer;
};

// The destructor stops with no grace.
class Server {
 public:
  // It serves when this returns. Kind conflict: another server listens there.
  static Result<std::unique_ptr<Server>> start(ServerOptions options, Handler handler);
  virtual ~Server() = default;
  virtual std::uint16_t port() const = 0;
  // Accepts no more, lets requests under way end within `grace`, then cuts their connections. A
  // handler that is running is waited for in any case.
  virtual void stop(std::chrono::milliseconds grace) = 0;
};

}  // namespace bulkhead::http
