// A private key that signs notes (https://c2sp.org/signed-note): as the owner of a log, or as a
// witness that cosigns its checkpoints (https://c2sp.org/tlog-cosignature). Its text forms are
// those of Go's golang.org/x/mod/sumdb/note. Immutable, thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "crypto/ed25519.h"

namespace bulkhead::ledger {

enum class SignerKind : std::uint8_t { log = 0x01, witness = 0x04 };

class NoteSigner {
 public:
  // Kind invalid where the name is empty, or has a space, a control character or a +.
  static Result<NoteSigner> generate(std::string name, SignerKind kind, Random& random);
  // "PRIVATE+KEY+name+id+base64"
  static Result<NoteSigner> from_private_text(std::string_view text);

  const std::string& name() const { return name_; }
  SignerKind kind() const { return kind_; }
  crypto::Secret private_text() const;
  // "name+id+base64": what others check its signatures with.
  std::string verifier_key() const;

  // The signature line under `text`, a note's text with its last newline. For a log.
  std::string sign(std::string_view text) const;
  // The line of a witness, who says when: seconds since 1970.
  std::string cosign(std::string_view text, std::uint64_t time) const;

 private:
  NoteSigner(std::string name, SignerKind kind, crypto::Ed25519Key key);
  std::string line(ByteView signature) const;

  std::string name_;
  SignerKind kind_;
  crypto::Ed25519Key key_;
  Bytes id_;
};

}  // namespace bulkhead::ledger
