// Bytes over a connected, non-blocking socket, in the clear or through TLS. A call moves what it
// can at once; `wait_for_readable` and `wait_for_writable` say what to wait for before the next
// try.
#pragma once

#include <chrono>
#include <memory>
#include <string_view>

#include "base/file.h"
#include "base/file_descriptor.h"
#include "http/server.h"

namespace bulkhead::http::internal {

enum class Progress { moved, wait_for_readable, wait_for_writable, closed };

struct Moved {
  Progress progress = Progress::closed;
  std::size_t count = 0;
};

class Transport {
 public:
  virtual ~Transport() = default;
  // `moved` when it is complete.
  virtual Progress handshake() = 0;
  // `closed` at the end of the stream and on every error alike.
  virtual Moved read(MutableByteView out) = 0;
  // Of head, then body: one system call where the kernel takes both.
  virtual Moved write(std::string_view head, std::string_view body) = 0;
  virtual Moved send_file(int file, std::uint64_t offset, std::uint64_t length) = 0;
  // SHA-256 in hex of the certificate that the peer showed; empty: none.
  virtual std::string peer_certificate() const { return {}; }
  // Says goodbye in the protocol; the socket's own shutdown follows.
  virtual void close_notify() = 0;
};

std::unique_ptr<Transport> make_plain_transport(int socket);

// A server's certificate and key. Thread-safe once it is made.
class TlsContext {
 public:
  virtual ~TlsContext() = default;
  virtual std::unique_ptr<Transport> make_transport(int socket) = 0;
  static Result<std::unique_ptr<TlsContext>> load(const ServerOptions& options);
};

// False when the time is over.
bool wait_for(int socket, Progress what, std::chrono::milliseconds time);

}  // namespace bulkhead::http::internal
