// Stored things as responses: conditional requests (If-None-Match, If-Modified-Since) and one byte
// range (RFC 9110, 13 and 14). More than one range at once is answered with the whole, as allowed.
#pragma once

#include <optional>
#include <string>

#include "base/clock.h"
#include "http/message.h"

namespace bulkhead::http {

struct FileOptions {
  std::string content_type;
  std::string entity_tag;  // quoted: "\"3f2a\""; empty: made of size and time of change
  std::string cache_control;
  // "attachment" with this name, where it is not empty.
  std::string download_name;
};

// The whole of an open regular file, or the part that was asked for; 304 and 416 where they apply.
Result<Response> serve_file(const Request& request, FileDescriptor file,
                            const FileOptions& options);

// `response` with ETag, or 304 without a body where the client has this state already.
Response with_entity_tag(const Request& request, Response response, std::string entity_tag);

// Whether If-None-Match names the tag; weak comparison.
bool has_current(const Request& request, std::string_view entity_tag);
// Whether If-Match is absent, or names the tag; strong comparison. For writing.
bool may_change(const Request& request, std::string_view entity_tag);

struct ByteRange {
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
};
enum class RangeKind { whole, part, unsatisfiable };
struct RangeAnswer {
  RangeKind kind = RangeKind::whole;
  ByteRange range;
};
// Of a Range header, for something of `size` bytes. What is malformed asks for the whole.
RangeAnswer parse_range(std::string_view header, std::uint64_t size);

// Content-Disposition: attachment, with a name of any script (RFC 6266).
std::string attachment(std::string_view file_name);

}  // namespace bulkhead::http
