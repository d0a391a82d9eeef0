// Accept-Language is the first thing of a visitor's that the kit itself takes apart.
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "service/language.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view header(reinterpret_cast<const char*>(data), size);
  const auto language = bulkhead::service::negotiate_language(header);
  CHECK(bulkhead::service::language_from_code(bulkhead::service::code_of(language)) == language);
  return 0;
}
