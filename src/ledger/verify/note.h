// Signed notes (https://c2sp.org/signed-note): a text, an empty line, and a line for each
// signature. Reads them, reads verifier keys ("vkeys"), and checks Ed25519 signatures (type 0x01)
// and timestamped cosignatures of checkpoints (type 0x04, https://c2sp.org/tlog-cosignature).
// A note's text means nothing before a signature on it was checked.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/ed25519.h"

namespace bulkhead::ledger::verify {

inline constexpr std::size_t kNoteSizeMax = 256 * 1024;
inline constexpr std::size_t kNoteSignaturesMax = 100;

enum class SignatureType : std::uint8_t { ed25519 = 0x01, cosignature = 0x04 };

struct VerifierKey {
  std::string name;
  std::uint32_t id = 0;
  SignatureType type = SignatureType::ed25519;
  crypto::Ed25519PublicKey key{};
};

// "example.com/foo+530d903a+AekyeR…"; kind invalid where a part is wrong, also where the id is not
// that of the name and the key.
Result<VerifierKey> parse_verifier_key(std::string_view text);

struct NoteSignature {
  std::string name;
  std::uint32_t key_id = 0;
  Bytes signature;  // without the key's id
};

struct Note {
  std::string text;  // with its last newline
  std::vector<NoteSignature> signatures;
};

// Kind corrupt where the form is broken, kind limit beyond the limits above.
Result<Note> parse_note(std::string_view bytes);

// Kind not_found where the key has not signed, corrupt where a signature under its name and id is
// not its. The key's type must be ed25519.
Result<void> verify_signature(const Note& note, const VerifierKey& key);
// The same for a key of type cosignature; when it was cosigned, in seconds since 1970.
Result<std::uint64_t> verify_cosignature(const Note& note, const VerifierKey& key);

}  // namespace bulkhead::ledger::verify
