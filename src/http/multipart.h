// Forms with files: multipart/form-data (RFC 7578, boundaries of RFC 2046 section 5.1). The whole
// body is in memory, within the limit that its reader set; what is found are views into it. What is
// malformed is refused with kind invalid; a body that ends before its closing boundary was cut off
// on the way and is refused too.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace bulkhead::http {

inline constexpr std::size_t kFormPartsMax = 64;
inline constexpr std::size_t kFormPartHeaderSizeMax = 8 * 1024;

struct FormPart {
  std::string name;
  std::string file_name;     // without folders; "" where the part is no file
  std::string content_type;  // "" where the part does not say
  std::string_view content;
};

// `content_type` is the request's header, with the boundary. The parts live as long as `body`.
Result<std::vector<FormPart>> parse_multipart(std::string_view body, std::string_view content_type);

}  // namespace bulkhead::http
