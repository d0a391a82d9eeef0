#include <cstdint>

#include "base/bytes.h"
#include "base/check.h"
#include "http/multipart.h"

// The first line is the request's Content-Type, the rest its body. Every part lies within the body.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bulkhead::http;
  const auto text = bulkhead::as_text({data, size});
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos) return 0;
  const std::string_view body = text.substr(end + 1);
  const auto parts = parse_multipart(body, text.substr(0, end));
  if (!parts) return 0;
  CHECK(parts->size() <= kFormPartsMax);
  for (const FormPart& part : *parts) {
    CHECK(part.content.data() >= body.data());
    CHECK(part.content.data() + part.content.size() <= body.data() + body.size());
    CHECK(part.file_name.find('/') == std::string::npos);
  }
  return 0;
}
