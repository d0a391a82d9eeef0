// HTTP/1.1 requests from bytes: Beast's parser behind plain types, so that one translation unit
// only pays for its headers. It holds no input: what it has not consumed must be given again.
#pragma once

#include <memory>
#include <optional>

#include "http/message.h"

namespace bulkhead::http::internal {

struct RequestHead {
  std::optional<Method> method;  // nothing: one that we do not know
  std::string target;
  Headers headers;
  bool http_1_0 = false;
  bool keep_alive = true;
  bool expects_continue = false;
  std::optional<std::uint64_t> content_length;
};

struct BodyStep {
  std::size_t consumed = 0;  // of the input
  std::size_t produced = 0;  // in the output
};

class RequestParser {
 public:
  RequestParser(std::size_t header_size_max, std::uint64_t body_size_max);
  ~RequestParser();

  // How much of `input` was consumed. Kind limit: the header, or the announced body, is too long.
  Result<std::size_t> parse_head(ByteView input);
  bool head_done() const;
  // What an error of kind limit was about.
  bool body_too_long() const;
  RequestHead head() const;

  // At least one of both counts grows, unless more input is needed. Kind limit: too long a body.
  Result<BodyStep> parse_body(ByteView input, MutableByteView out);
  // What is still to come of a body whose length was announced; nothing where it comes in chunks.
  std::optional<std::uint64_t> body_left() const;
  // So many bytes of such a body were read past the parser.
  void pass_body(std::uint64_t count);
  bool done() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace bulkhead::http::internal
