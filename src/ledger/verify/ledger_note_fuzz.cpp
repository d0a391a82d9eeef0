// Notes, checkpoints and verifier keys from anywhere.
#include "base/check.h"
#include "ledger/verify/checkpoint.h"

using namespace bulkhead;
using namespace bulkhead::ledger::verify;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = as_text({data, size});
  if (const auto note = parse_note(text)) {
    CHECK(note->text.ends_with('\n'));
    CHECK(!note->signatures.empty());
    VerifierKey key{.name = note->signatures[0].name, .id = note->signatures[0].key_id, .key = {}};
    CHECK(!verify_signature(*note, key));
    key.type = SignatureType::cosignature;
    CHECK(!verify_cosignature(*note, key));
    if (const auto checkpoint = parse_checkpoint(note->text)) CHECK(!checkpoint->origin.empty());
  }
  if (const auto key = parse_verifier_key(text)) CHECK(!key->name.empty());
  return 0;
}
