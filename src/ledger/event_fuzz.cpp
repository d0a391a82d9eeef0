// What is taken for an event has exactly one written form, its own bytes.
#include "base/check.h"
#include "ledger/event.h"

using namespace bulkhead;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto event = ledger::parse_event({data, size});
  if (event) CHECK(as_text(ledger::encode_event(*event)) == as_text({data, size}));
  return 0;
}
