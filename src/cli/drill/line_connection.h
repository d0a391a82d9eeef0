// A connection for protocols that speak in lines (SMTP, IMAP): over TCP, with or without TLS, or
// over a Unix socket. One thread at a time. Each call has the same time limit.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "base/file.h"
#include "base/result.h"

namespace bulkhead::cli::drill {

enum class Transport { plain, tls };

struct LineAddress {
  std::string host;  // of the certificate too, with Transport::tls
  int port = 0;
  Transport transport = Transport::plain;
  Path authority;    // the certificate that signs the server's, with Transport::tls
  Path unix_socket;  // where not empty, connected to in the place of host and port
};

class LineConnection {
 public:
  static Result<LineConnection> open(const LineAddress& address,
                                     std::chrono::milliseconds time_max);
  LineConnection(LineConnection&&) noexcept;
  LineConnection& operator=(LineConnection&&) noexcept;
  ~LineConnection();

  // With CRLF put behind it.
  Result<void> send_line(std::string_view line);
  // Without its CRLF. Kind unavailable when the peer has closed the connection.
  Result<std::string> read_line();
  // Exactly so many bytes, as an IMAP literal has.
  Result<std::string> read_exactly(std::size_t count);

 private:
  struct State;
  explicit LineConnection(std::unique_ptr<State> state);
  Result<void> receive();
  std::unique_ptr<State> state_;
};

}  // namespace bulkhead::cli::drill
