// The status line and headers of a response, as bytes.
#pragma once

#include <optional>
#include <string>

#include "http/message.h"

namespace bulkhead::http::internal {

enum class Framing { length, chunked, until_close, none };

struct HeadOptions {
  Framing framing = Framing::length;
  std::uint64_t length = 0;
  bool http_1_0 = false;
  bool keep_alive = true;
  std::string_view request_id;
};

// Control characters in header values are left out, so that no value can begin another header.
// Framing, connection and date are ours: a handler's own headers of these names are not sent.
std::string format_head(const Response& response, const HeadOptions& options);

// IMF-fixdate, as in RFC 9110, 5.6.7: "Sun, 06 Nov 1994 08:49:37 GMT".
std::string http_date(std::int64_t seconds);
std::optional<std::int64_t> parse_http_date(std::string_view text);

}  // namespace bulkhead::http::internal
