// Names: what was unquoted is quoted and unquoted to the same bytes again.
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "repository/tree.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bulkhead;
  using namespace bulkhead::repository;
  const std::string_view text = as_text({data, size});
  CHECK(unquote_name(quote_name(text)).value() == text);
  const auto name = unquote_name(text);
  if (name) CHECK(unquote_name(quote_name(*name)).value() == *name);
  return 0;
}
