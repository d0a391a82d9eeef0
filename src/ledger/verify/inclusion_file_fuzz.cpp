// Proofs are handed around by mail and read by anybody: read or refused.
#include "base/check.h"
#include "ledger/verify/inclusion_file.h"

using namespace bulkhead;
using namespace bulkhead::ledger::verify;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (const auto file = parse_inclusion_file(as_text({data, size}))) {
    CHECK(!verify_inclusion_file(*file, VerifierKey{.name = "nobody", .key = {}}));
  }
  return 0;
}
