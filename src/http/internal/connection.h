// One connection: a machine of stages that a worker drives until it must wait. At any time one
// worker at most is inside proceed(); the server sees to that.
#pragma once

#include <atomic>
#include <optional>

#include "base/clock.h"
#include "http/internal/channel.h"
#include "http/internal/request_parser.h"
#include "http/internal/response_head.h"
#include "http/server.h"

namespace bulkhead::http::internal {

// What all connections of a server share.
struct Shared {
  ServerOptions options;
  Handler handler;
  std::unique_ptr<TlsContext> tls;
  std::string request_id_prefix;
  std::atomic<std::uint64_t> requests{0};
  std::atomic<bool> stopping{false};
};

struct Wait {
  Progress what = Progress::wait_for_readable;
  std::chrono::milliseconds time{0};
  bool for_request = false;  // which a stopping server no longer waits for
};

class Connection {
 public:
  Connection(FileDescriptor socket, std::string peer_address, Shared& shared);

  int socket() const { return channel_.socket(); }
  // Goes on as far as it can. Nothing: the connection has ended and may be destroyed.
  std::optional<Wait> proceed();
  // The wait that proceed() answered took too long.
  std::optional<Wait> expire();

 private:
  enum class Stage { handshake, header, writing, lingering, ended };
  class SocketBody;
  class StreamWriter;

  // Each does its stage's work and answers what to wait for, or nothing where the stage changed.
  std::optional<Wait> shake_hands();
  std::optional<Wait> read_header();
  std::optional<Wait> write_response();
  std::optional<Wait> linger();

  void enter(Stage stage);
  // What is left of the time that this stage may take in all; not above zero: it is over.
  std::chrono::milliseconds time_left(std::chrono::milliseconds whole) const;
  std::optional<Wait> wait_or_end(Progress what, std::chrono::milliseconds whole, bool for_request);

  void handle_request();
  std::optional<Response> refusal(const RequestHead& head, const Request& request) const;
  Request make_request(RequestHead& head) const;
  Response call_handler(Request& request);
  void prepare(Response response, const Request& request);
  void write_stream(const Response& response, std::string_view head, Framing framing);
  // What no handler sees is told here.
  void log_refusal(int status, std::string_view why, std::string_view target) const;
  void refuse(int status, std::string_view detail);
  void finish_response();

  Shared& shared_;
  Channel channel_;
  std::string peer_address_;
  Stage stage_ = Stage::handshake;
  std::optional<RequestParser> parser_;
  bool keep_alive_ = true;
  bool http_1_0_ = false;

  // What is being written: the head, then the body or the file.
  std::string head_;
  std::string body_;
  std::optional<FileBody> file_;
  std::uint64_t written_ = 0;  // of head_ and body_ together, then of the file, too
  SteadyTime stage_began_;
};

}  // namespace bulkhead::http::internal
