#include <cstdint>

#include "base/bytes.h"
#include "base/check.h"
#include "services/imodocs/domain/symbol.h"

// Whatever is accepted has one text and one URL segment, and both mean the same symbol again.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bulkhead::services::imodocs;
  const auto text = bulkhead::as_text({data, size});
  (void)parse_file_name(text);
  const auto symbol = DocumentSymbol::parse(text);
  if (!symbol) return 0;
  for (const std::string& form : {symbol->text(), symbol->slug()}) {
    const auto again = DocumentSymbol::parse(form);
    CHECK(again && *again == *symbol && (*again <=> *symbol) == 0);
  }
  CHECK(symbol->slug().find('/') == std::string::npos);
  return 0;
}
