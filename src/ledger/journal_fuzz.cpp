// A journal's file may hold anything after a crash: it is read, or refused with a reason.
#include "base/check.h"
#include "ledger/journal.h"

using namespace bulkhead;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto file = ledger::parse_journal_file({data, size}, 7);
  if (file) CHECK(file->entries.size() <= size);
  return 0;
}
