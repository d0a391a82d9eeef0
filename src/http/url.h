// Percent-encoding, request targets and queries (RFC 3986; forms as in the URL standard). What is
// malformed is refused with kind invalid, never repaired: the gateway and a service must not
// understand one target differently.
#pragma once

#include <string>
#include <string_view>

#include "http/message.h"

namespace bulkhead::http {

inline constexpr std::size_t kQueryParametersMax = 256;

// All but the unreserved characters (RFC 3986, 2.3) are encoded.
std::string percent_encode(std::string_view text);
// The same, but '/' stays: for a path that is joined already.
std::string percent_encode_path(std::string_view path);
// Refuses "%", "%4", "%zz".
Result<std::string> percent_decode(std::string_view text);

// Decodes first and removes empty, "." and ".." segments after that, so that nothing hides behind
// an encoding. Refused: ".." above the root, NUL and other control characters, bytes not in UTF-8.
Result<std::string> normalise_path(std::string_view raw_path);

// "a=b&c=d+e"; more than kQueryParametersMax pairs are an error of kind limit.
Result<Parameters> parse_parameters(std::string_view text);

struct Target {
  std::string path;
  Parameters query;
};
// Of a request line: "/path?query", or the absolute form "http://host/path?query".
Result<Target> parse_target(std::string_view target);

}  // namespace bulkhead::http
