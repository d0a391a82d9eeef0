#include "crypto/ed25519.h"

#include <fmt/format.h>
#include <sodium.h>

#include "base/check.h"

namespace bulkhead::crypto {

static_assert(kEd25519SeedSize == crypto_sign_SEEDBYTES);

Ed25519Key::Ed25519Key(ByteView seed) : key_(crypto_sign_SECRETKEYBYTES) {
  CHECK(sodium_init() >= 0);
  CHECK(crypto_sign_seed_keypair(public_key_.data(), key_.bytes().data(), seed.data()) == 0);
}

Ed25519Key Ed25519Key::generate(Random& random) {
  Secret seed(kEd25519SeedSize);
  random.fill(seed.bytes());
  return Ed25519Key(seed.view());
}

Result<Ed25519Key> Ed25519Key::from_seed(ByteView seed) {
  if (seed.size() != kEd25519SeedSize) {
    return fail(ErrorKind::invalid, fmt::format("an Ed25519 seed has {} bytes, this one has {}",
                                                kEd25519SeedSize, seed.size()));
  }
  return Ed25519Key(seed);
}

Ed25519Signature Ed25519Key::sign(ByteView message) const {
  Ed25519Signature signature{};
  CHECK(crypto_sign_detached(signature.data(), nullptr, message.data(), message.size(),
                             key_.view().data()) == 0);
  return signature;
}

bool verify_ed25519(const Ed25519PublicKey& key, ByteView message, ByteView signature) {
  if (signature.size() != crypto_sign_BYTES) return false;
  return crypto_sign_verify_detached(signature.data(), message.data(), message.size(),
                                     key.data()) == 0;
}

}  // namespace bulkhead::crypto
