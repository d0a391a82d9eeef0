#include <fmt/format.h>

#include "base/text.h"
#include "cli/ledger/verbs.h"

namespace bulkhead::cli::ledger {

// https://c2sp.org/tlog-proof, with the event itself as the extra data.
Result<int> prove(const ProveVerb& verb) {
  const auto index = parse_u64(verb.index);
  if (!index) {
    return fail(
        ErrorKind::invalid,
        fmt::format("\"{}\" is no event's number: bulkhead ledger show lists them", verb.index));
  }
  const Source source = TRY(Source::open(verb));
  const Source::Signed head = TRY(source.checkpoint());
  ProvenEntries entries(source.folder(), head.checkpoint);
  const ProvenEntries::Proven proven = TRY(entries.at(*index));
  fmt::print("c2sp.org/tlog-proof@v1\nextra {}\nindex {}\n", to_base64(proven.entry), *index);
  for (const auto& hash : proven.proof) fmt::print("{}\n", to_base64(hash));
  fmt::print("\n{}", head.note);
  return kExitSuccess;
}

}  // namespace bulkhead::cli::ledger
