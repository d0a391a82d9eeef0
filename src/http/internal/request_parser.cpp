#include "http/internal/request_parser.h"

#include <algorithm>

#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/fields.hpp>
#include <boost/beast/http/parser.hpp>

#include "base/check.h"
#include "base/text.h"

namespace bulkhead::http::internal {
namespace {

namespace beast = boost::beast::http;

std::string to_string(boost::beast::string_view text) { return {text.data(), text.size()}; }

// Beast 1.74 asserts, and so ends the process, when it is given the last chunk's header in pieces
// of fewer bytes. Waiting for them loses nothing: until its end a chunked body always has at least
// as many to come, in "0\r\n\r\n".
constexpr std::size_t kChunkedInputMin = 5;

Error error_of(const boost::beast::error_code& code) {
  const bool too_long = code == beast::error::header_limit || code == beast::error::body_limit;
  return Error(too_long ? ErrorKind::limit : ErrorKind::invalid, code.message());
}

}  // namespace

struct RequestParser::State {
  beast::request_parser<beast::buffer_body> parser;
  std::size_t header_size_max;
  std::size_t header_size = 0;
  bool body_too_long = false;
  // Of a body with an announced length, which needs no parsing.
  std::optional<std::uint64_t> body_left;
};

RequestParser::RequestParser(std::size_t header_size_max, std::uint64_t body_size_max)
    : state_(std::make_unique<State>()) {
  state_->header_size_max = header_size_max;
  state_->parser.header_limit(static_cast<std::uint32_t>(header_size_max));
  state_->parser.body_limit(body_size_max);
}

RequestParser::~RequestParser() = default;

Result<std::size_t> RequestParser::parse_head(ByteView input) {
  std::size_t consumed = 0;
  boost::beast::error_code code;
  while (!head_done()) {
    const ByteView rest = input.subspan(consumed);
    const std::size_t step =
        state_->parser.put(boost::asio::const_buffer(rest.data(), rest.size()), code);
    consumed += step;
    state_->header_size += step;
    // Beast's limit holds for each call alone; ours holds for the whole header.
    if (state_->header_size + (input.size() - consumed) > state_->header_size_max &&
        (!head_done() || state_->header_size > state_->header_size_max)) {
      return fail(ErrorKind::limit, "the header is too long");
    }
    if (code == beast::error::need_more) break;
    if (code) {
      state_->body_too_long = code == beast::error::body_limit;
      return std::unexpected(error_of(code));
    }
  }
  if (head_done() && !state_->parser.chunked()) {
    if (const auto length = state_->parser.content_length()) state_->body_left = *length;
  }
  return consumed;
}

bool RequestParser::body_too_long() const { return state_->body_too_long; }

bool RequestParser::head_done() const { return state_->parser.is_header_done(); }

RequestHead RequestParser::head() const {
  const auto& message = state_->parser.get();
  RequestHead head;
  head.method = method_from(std::string(message.method_string()));
  head.target = to_string(message.target());
  for (const auto& field : message) {
    head.headers.add(to_string(field.name_string()), to_string(field.value()));
  }
  head.http_1_0 = message.version() == 10;
  head.keep_alive = state_->parser.keep_alive();
  const auto expect = head.headers.find("Expect");
  head.expects_continue = !head.http_1_0 && expect && to_lower_ascii(*expect) == "100-continue";
  if (const auto length = state_->parser.content_length()) head.content_length = *length;
  return head;
}

Result<BodyStep> RequestParser::parse_body(ByteView input, MutableByteView out) {
  if (const auto left = body_left()) {
    const auto count =
        static_cast<std::size_t>(std::min<std::uint64_t>({*left, input.size(), out.size()}));
    std::copy_n(input.begin(), count, out.begin());
    pass_body(count);
    return BodyStep{count, count};
  }
  BodyStep total;
  auto& body = state_->parser.get().body();
  while (!done() && total.produced < out.size()) {
    const MutableByteView space = out.subspan(total.produced);
    const ByteView rest = input.subspan(total.consumed);
    if (rest.empty() || (state_->parser.chunked() && rest.size() < kChunkedInputMin)) break;
    body.data = space.data();
    body.size = space.size();
    boost::beast::error_code code;
    const std::size_t consumed =
        state_->parser.put(boost::asio::const_buffer(rest.data(), rest.size()), code);
    total.consumed += consumed;
    total.produced += space.size() - body.size;
    if (code == beast::error::need_more) break;
    if (code && code != beast::error::need_buffer) return std::unexpected(error_of(code));
  }
  return total;
}

std::optional<std::uint64_t> RequestParser::body_left() const { return state_->body_left; }

void RequestParser::pass_body(std::uint64_t count) {
  CHECK(state_->body_left && count <= *state_->body_left);
  *state_->body_left -= count;
}

bool RequestParser::done() const {
  return state_->body_left ? *state_->body_left == 0 : state_->parser.is_done();
}

}  // namespace bulkhead::http::internal
