// What a log sends to a witness, who believes nothing of it: read or refused, and what is read is
// written the same way again.
#include "base/check.h"
#include "ledger/add_checkpoint.h"

using namespace bulkhead;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view body = as_text({data, size});
  const auto request = ledger::parse_add_checkpoint(body);
  if (request) CHECK(ledger::write_add_checkpoint(*request) == body);
  return 0;
}
