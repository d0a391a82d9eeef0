#include "http/internal/connection.h"

#include <algorithm>
#include <exception>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"
#include "http/internal/listener.h"
#include "http/url.h"

namespace bulkhead::http::internal {
namespace {

constexpr std::size_t kInputSizeMin = 64 * 1024;
// So much of a file is read and sent with its head in one call, which fills one TLS record.
constexpr std::uint64_t kFirstPieceMax = 15 * 1024;
// How long the rest of a refused body is thrown away, so that the peer reads our answer before its
// own write fails.
constexpr std::chrono::milliseconds kLingerTime{3'000};
constexpr std::size_t kRequestIdSizeMax = 128;
constexpr std::size_t kLoggedTargetMax = 200;

Channel make_channel(FileDescriptor socket, const Shared& shared) {
  auto transport =
      shared.tls ? shared.tls->make_transport(socket.get()) : make_plain_transport(socket.get());
  return Channel(std::move(socket), std::move(transport),
                 {shared.options.transfer_timeout, shared.options.transfer_rate_min},
                 std::max(shared.options.header_size_max, kInputSizeMin));
}

bool is_request_id(std::string_view text) {
  return !text.empty() && text.size() <= kRequestIdSizeMax &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                  c == '-' || c == '_' || c == '.' || c == ':';
         });
}

bool is_address(const std::string& text) {
  unsigned char binary[sizeof(in6_addr)];
  return ::inet_pton(AF_INET, text.c_str(), binary) == 1 ||
         ::inet_pton(AF_INET6, text.c_str(), binary) == 1;
}

// The last address is the one that our own gateway added; those before it are anybody's claim.
std::optional<std::string> forwarded_address(const Headers& headers) {
  std::string_view last;
  for (const auto& [name, value] : headers.all()) {
    if (to_lower_ascii(name) == "x-forwarded-for") last = value;
  }
  const std::size_t comma = last.rfind(',');
  if (comma != std::string_view::npos) last.remove_prefix(comma + 1);
  std::string address(trim(last));
  if (!is_address(address)) return std::nullopt;
  return address;
}

std::size_t count_of(const Headers& headers, std::string_view lower_case_name) {
  return static_cast<std::size_t>(std::count_if(
      headers.all().begin(), headers.all().end(),
      [&](const auto& entry) { return to_lower_ascii(entry.first) == lower_case_name; }));
}

bool may_have_body(int status) { return status >= 200 && status != 204 && status != 304; }

// What goes with the head; nothing where it cannot be read.
std::optional<std::string> take_first_piece(FileBody& file) {
  std::string content(std::min(file.length, kFirstPieceMax), '\0');
  const ssize_t got =
      ::pread(file.file.get(), content.data(), content.size(), static_cast<off_t>(file.offset));
  if (got != static_cast<ssize_t>(content.size())) return std::nullopt;
  file.offset += content.size();
  file.length -= content.size();
  return content;
}

}  // namespace

class Connection::SocketBody final : public BodyReader {
 public:
  SocketBody(Channel& channel, RequestParser& parser, const RequestHead& head)
      : channel_(channel),
        parser_(parser),
        continue_wanted_(head.expects_continue),
        announced_(head.content_length) {
    if (!announced_ && parser.done()) announced_ = 0;
  }

  std::optional<std::uint64_t> announced_length() const override { return announced_; }
  // The peer still waits for our leave to send its body.
  bool continue_wanted() const { return continue_wanted_; }

  Result<std::size_t> read(MutableByteView out) override {
    while (!parser_.done() && !out.empty()) {
      const BodyStep step = TRY(parser_.parse_body(channel_.input(), out));
      channel_.consume(step.consumed);
      if (step.produced > 0) return step.produced;
      if (parser_.done()) break;
      if (continue_wanted_ && channel_.input().empty()) {
        channel_.send_now("HTTP/1.1 100 Continue\r\n\r\n", "");
      }
      continue_wanted_ = false;
      if (const auto left = parser_.body_left()) {
        // Straight to where it is wanted, and nothing of what follows it.
        const auto wanted = std::min<std::uint64_t>(out.size(), *left);
        const std::size_t got = channel_.receive_now(out.first(static_cast<std::size_t>(wanted)));
        parser_.pass_body(got);
        if (got > 0) return got;
      } else if (channel_.receive_now()) {
        continue;
      }
      return fail(ErrorKind::unavailable, "the body ended early, or came too slowly");
    }
    return std::size_t{0};
  }

 private:
  Channel& channel_;
  RequestParser& parser_;
  bool continue_wanted_;
  std::optional<std::uint64_t> announced_;
};

class Connection::StreamWriter final : public BodyWriter {
 public:
  // `head` goes out with the first piece.
  StreamWriter(Channel& channel, std::string_view head, Framing framing)
      : channel_(channel), pending_(head), framing_(framing) {}

  Result<void> write(std::string_view piece) override {
    if (piece.empty()) return {};
    if (framing_ == Framing::chunked) {
      fmt::format_to(std::back_inserter(pending_), "{:x}\r\n", piece.size());
    }
    if (!channel_.send_now(pending_, piece)) {
      return fail(ErrorKind::unavailable, "the peer has gone, or reads too slowly");
    }
    pending_ = framing_ == Framing::chunked ? "\r\n" : "";
    return {};
  }

  bool finish() {
    if (framing_ == Framing::chunked) pending_ += "0\r\n\r\n";
    return channel_.send_now(pending_, "");
  }

 private:
  Channel& channel_;
  std::string pending_;
  Framing framing_;
};

Connection::Connection(FileDescriptor socket, std::string peer_address, Shared& shared)
    : shared_(shared),
      channel_(make_channel(std::move(socket), shared)),
      peer_address_(std::move(peer_address)),
      stage_began_(std::chrono::steady_clock::now()) {}

void Connection::enter(Stage stage) {
  stage_ = stage;
  stage_began_ = std::chrono::steady_clock::now();
}

std::chrono::milliseconds Connection::time_left(std::chrono::milliseconds whole) const {
  using namespace std::chrono;
  return duration_cast<milliseconds>(stage_began_ + whole - steady_clock::now());
}

std::optional<Wait> Connection::wait_or_end(Progress what, std::chrono::milliseconds whole,
                                            bool for_request) {
  const std::chrono::milliseconds left = time_left(whole);
  if (what != Progress::closed && left.count() > 0) return Wait{what, left, for_request};
  stage_ = Stage::ended;
  return std::nullopt;
}

std::optional<Wait> Connection::proceed() {
  while (stage_ != Stage::ended) {
    std::optional<Wait> wait;
    switch (stage_) {
      case Stage::handshake: wait = shake_hands(); break;
      case Stage::header: wait = read_header(); break;
      case Stage::writing: wait = write_response(); break;
      case Stage::lingering: wait = linger(); break;
      case Stage::ended: break;
    }
    if (wait) return wait;
  }
  return std::nullopt;
}

std::optional<Wait> Connection::expire() {
  // A peer that has sent nothing since its last request needs no answer.
  if (stage_ != Stage::header || !parser_) return std::nullopt;
  refuse(408, "the request did not arrive in time");
  return proceed();
}

std::optional<Wait> Connection::shake_hands() {
  const Progress progress = channel_.transport().handshake();
  if (progress != Progress::moved) {
    return wait_or_end(progress, shared_.options.header_timeout, true);
  }
  enter(Stage::header);
  return std::nullopt;
}

std::optional<Wait> Connection::read_header() {
  while (true) {
    if (!channel_.input().empty()) {
      if (!parser_) {
        parser_.emplace(shared_.options.header_size_max, shared_.options.body_size_max);
        enter(Stage::header);
      }
      const auto consumed = parser_->parse_head(channel_.input());
      if (!consumed) {
        const bool too_long = consumed.error().kind() == ErrorKind::limit;
        const int status = parser_->body_too_long() ? 413 : too_long ? 431 : 400;
        refuse(status, consumed.error().message());
        return std::nullopt;
      }
      channel_.consume(*consumed);
      if (parser_->head_done()) {
        handle_request();
        return std::nullopt;
      }
    }
    const Moved moved = channel_.receive();
    if (moved.progress == Progress::moved) continue;
    if (!parser_) channel_.release_input();
    const auto whole = parser_ ? shared_.options.header_timeout : shared_.options.idle_timeout;
    if (moved.progress != Progress::closed && time_left(whole).count() <= 0) return expire();
    return wait_or_end(moved.progress, whole, true);
  }
}

Request Connection::make_request(RequestHead& head) const {
  Request request;
  request.method = head.method.value_or(Method::get);
  request.raw_target = head.target;
  request.client_address = peer_address_;
  request.client_certificate = channel_.peer_certificate();
  if (shared_.options.identify_peer) request.peer = peer_of(channel_.socket());
  request.headers = std::move(head.headers);
  if (shared_.options.trust_forwarded) {
    if (auto address = forwarded_address(request.headers)) {
      request.client_address = std::move(*address);
    }
    const auto id = request.headers.find("X-Request-Id");
    if (id && is_request_id(*id)) request.request_id = *id;
  }
  if (request.request_id.empty()) {
    request.request_id =
        fmt::format("{}-{}", shared_.request_id_prefix, shared_.requests.fetch_add(1));
  }
  return request;
}

std::optional<Response> Connection::refusal(const RequestHead& head, const Request& request) const {
  if (!head.method) return problem(501, "this method is not known here", request);
  // RFC 9112, 3.2: exactly one Host, or the gateway and we could mean different sites.
  const std::size_t hosts = count_of(request.headers, "host");
  if (hosts > 1 || (hosts == 0 && !head.http_1_0)) {
    return problem(400, "a request has exactly one Host header", request);
  }
  // RFC 9112, 6.1: a coding other than chunked leaves the end of the body unclear.
  const auto coding = request.headers.find("Transfer-Encoding");
  if (coding && (head.http_1_0 || to_lower_ascii(trim(*coding)) != "chunked")) {
    return problem(head.http_1_0 ? 400 : 501, "this transfer encoding is not known here", request);
  }
  return std::nullopt;
}

void Connection::handle_request() {
  channel_.begin_transfer();
  RequestHead head = parser_->head();
  keep_alive_ = head.keep_alive;
  http_1_0_ = head.http_1_0;
  Request request = make_request(head);
  SocketBody body(channel_, *parser_, head);
  request.body = &body;

  if (auto response = refusal(head, request)) {
    keep_alive_ = false;
    log_refusal(response->status, "it is no request that is served here", head.target);
    prepare(std::move(*response), request);
    return;
  }
  auto target = parse_target(head.target);
  if (!target) {
    Response response = problem(target.error(), request);
    log_refusal(response.status, target.error().message(), head.target);
    prepare(std::move(response), request);
    return;
  }
  request.path = std::move(target->path);
  request.query = std::move(target->query);

  const auto begin = std::chrono::steady_clock::now();
  Response response = call_handler(request);
  if (shared_.options.observer) {
    shared_.options.observer(request, response, std::chrono::steady_clock::now() - begin);
  }
  // What came with the head costs nothing to skip; for more than that the connection ends, since
  // the next request begins nobody knows when.
  Bytes skipped(4096);
  while (!parser_->done() && !channel_.input().empty()) {
    const auto step = parser_->parse_body(channel_.input(), skipped);
    if (!step || (step->consumed == 0 && step->produced == 0)) break;
    channel_.consume(step->consumed);
  }
  prepare(std::move(response), request);
}

void Connection::log_refusal(int status, std::string_view why, std::string_view target) const {
  log::warning("refused", {{"client", peer_address_},
                           {"status", std::to_string(status)},
                           {"why", std::string(why)},
                           {"target", std::string(target.substr(0, kLoggedTargetMax))}});
}

Response Connection::call_handler(Request& request) {
  // Handlers throw nothing of their own; what a library throws past its adaptor ends here.
  try {
    return shared_.handler(request);
  } catch (const std::exception& exception) {
    return problem(Error(ErrorKind::internal, exception.what()), request);
  }
}

void Connection::prepare(Response response, const Request& request) {
  if (!parser_ || !parser_->done() || shared_.stopping) keep_alive_ = false;
  const bool bodiless = request.method == Method::head || !may_have_body(response.status);
  HeadOptions options{.http_1_0 = http_1_0_, .request_id = request.request_id};
  if (!may_have_body(response.status)) {
    options.framing = Framing::none;
  } else if (response.stream) {
    options.framing = http_1_0_ ? Framing::until_close : Framing::chunked;
    if (http_1_0_) keep_alive_ = false;
    if (bodiless) options.framing = Framing::none;
  } else {
    options.length = response.file ? response.file->length : response.body.size();
  }
  options.keep_alive = keep_alive_;
  head_ = format_head(response, options);
  written_ = 0;
  body_.clear();
  file_.reset();
  enter(Stage::writing);
  if (bodiless) return;
  if (response.stream) {
    write_stream(response, head_, options.framing);
  } else if (!response.file) {
    body_ = std::move(response.body);
  } else {
    if (auto piece = take_first_piece(*response.file)) body_ = std::move(*piece);
    file_ = std::move(response.file);
  }
}

void Connection::write_stream(const Response& response, std::string_view head, Framing framing) {
  channel_.begin_transfer();
  StreamWriter writer(channel_, head, framing);
  bool complete = false;
  try {
    const auto result = response.stream(writer);
    if (!result)
      log::warning("a streamed response was cut short", {{"error", result.error().message()}});
    complete = result.has_value() && writer.finish();
  } catch (const std::exception& exception) {
    log::error("a streamed response was cut short", {{"error", exception.what()}});
  }
  head_.clear();
  // Without its last chunk the peer sees that the body is not whole.
  if (complete) finish_response();
  else stage_ = Stage::ended;
}

void Connection::refuse(int status, std::string_view detail) {
  log_refusal(status, detail, "");
  RequestHead head;
  const Request request = make_request(head);
  keep_alive_ = false;
  Response response = problem(status, detail, request);
  parser_.reset();
  prepare(std::move(response), request);
}

std::optional<Wait> Connection::write_response() {
  const std::uint64_t text_size = head_.size() + body_.size();
  while (written_ < text_size || (file_ && file_->length > 0)) {
    Moved moved;
    if (written_ < text_size) {
      const std::size_t of_head = std::min<std::size_t>(written_, head_.size());
      moved = channel_.transport().write(std::string_view(head_).substr(of_head),
                                         std::string_view(body_).substr(written_ - of_head));
    } else {
      moved = channel_.transport().send_file(file_->file.get(), file_->offset, file_->length);
      file_->offset += moved.count;
      file_->length -= moved.count;
    }
    written_ += moved.count;
    if (moved.progress != Progress::moved) {
      const std::chrono::milliseconds earned(written_ * 1000 / shared_.options.transfer_rate_min);
      return wait_or_end(moved.progress, shared_.options.transfer_timeout + earned, false);
    }
  }
  finish_response();
  return std::nullopt;
}

void Connection::finish_response() {
  file_.reset();
  const bool all_read = parser_ && parser_->done() && channel_.input().empty();
  parser_.reset();
  if (keep_alive_) {
    enter(Stage::header);
    return;
  }
  channel_.transport().close_notify();
  ::shutdown(channel_.socket(), SHUT_WR);
  enter(all_read ? Stage::ended : Stage::lingering);
}

std::optional<Wait> Connection::linger() {
  while (true) {
    channel_.consume(channel_.input().size());
    const Moved moved = channel_.receive();
    if (moved.progress == Progress::moved && time_left(kLingerTime).count() > 0) continue;
    return wait_or_end(moved.progress, kLingerTime, false);
  }
}

}  // namespace bulkhead::http::internal
