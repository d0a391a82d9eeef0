// What a target decodes to must decode to itself when it is encoded again, or the gateway and we
// could understand it differently.
#include "base/bytes.h"
#include "base/check.h"
#include "base/text.h"
#include "http/url.h"

using namespace bulkhead;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = as_text({data, size});
  if (const auto target = http::parse_target(text)) {
    CHECK(target->path.starts_with('/'));
    CHECK(is_valid_utf8(target->path));
    CHECK(target->path.find("//") == std::string::npos);
    CHECK((target->path + "/").find("/../") == std::string::npos);
    const auto again = http::normalise_path(http::percent_encode_path(target->path));
    CHECK(again && *again == target->path);
  }
  if (const auto parameters = http::parse_parameters(text)) {
    const auto again = http::parse_parameters(parameters->encode());
    CHECK(again && again->all().size() <= parameters->all().size());
    for (const auto& [name, value] : again->all()) CHECK(is_valid_utf8(name + value));
  }
  return 0;
}
