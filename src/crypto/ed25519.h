// Ed25519 signatures (RFC 8032), by libsodium: the ledger's checkpoints and a witness's
// cosignatures. A private key is its 32-byte seed, kept in memory that is wiped. Thread-safe once
// made.
#pragma once

#include <array>

#include "base/random.h"
#include "base/result.h"
#include "crypto/secret.h"

namespace bulkhead::crypto {

using Ed25519PublicKey = std::array<std::uint8_t, 32>;
using Ed25519Signature = std::array<std::uint8_t, 64>;
inline constexpr std::size_t kEd25519SeedSize = 32;

class Ed25519Key {
 public:
  static Ed25519Key generate(Random& random);
  // Kind invalid for another size than kEd25519SeedSize.
  static Result<Ed25519Key> from_seed(ByteView seed);

  const Ed25519PublicKey& public_key() const { return public_key_; }
  ByteView seed() const { return key_.view().first(kEd25519SeedSize); }
  Ed25519Signature sign(ByteView message) const;

 private:
  explicit Ed25519Key(ByteView seed);
  Secret key_;  // seed and public key, as libsodium wants them
  Ed25519PublicKey public_key_{};
};

// False also for keys of small order, whose signatures bind to nothing.
bool verify_ed25519(const Ed25519PublicKey& key, ByteView message, ByteView signature);

}  // namespace bulkhead::crypto
