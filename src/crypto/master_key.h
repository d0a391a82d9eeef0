// The sealing of restic's repositories (design.rst, "Keys, Encryption and MAC"):
//   sealed = IV(16) ‖ AES-256-CTR(plaintext) ‖ Poly1305-AES(ciphertext)(16)
// A MasterKey is immutable and may be used by several threads at once.
#pragma once

#include "base/random.h"
#include "base/result.h"
#include "crypto/secret.h"

namespace bulkhead::crypto {

inline constexpr std::size_t kSealOverhead = 32;
inline constexpr std::size_t kSealIvSize = 16;  // in front of the ciphertext
inline constexpr std::size_t kMasterKeySize = 64;

class MasterKey {
 public:
  static MasterKey generate(Random& random);
  // encrypt(32) ‖ k(16) ‖ r(16). Kind invalid for another size, or where a part is all zero.
  static Result<MasterKey> from_bytes(ByteView bytes);

  ByteView encrypt_part() const { return key_.view().subspan(0, 32); }
  ByteView mac_k_part() const { return key_.view().subspan(32, 16); }
  ByteView mac_r_part() const { return key_.view().subspan(48, 16); }

  Bytes seal(ByteView plaintext, Random& random) const;
  // Kind corrupt where the bytes are too short or were not sealed with this key.
  Result<Bytes> unseal(ByteView sealed) const;

  // The same into memory that the caller has: exactly kSealOverhead bytes more than the plaintext,
  // or fewer than the sealed bytes. The plaintext may lie in `out` itself, kSealIvSize behind its
  // start.
  void seal_into(MutableByteView out, ByteView plaintext, Random& random) const;
  Result<void> unseal_into(MutableByteView out, ByteView sealed) const;
  // The plaintext, which takes the ciphertext's place. Where it fails nothing is changed.
  Result<MutableByteView> unseal_in_place(MutableByteView sealed) const;

 private:
  explicit MasterKey(Secret key) : key_(std::move(key)) {}
  Secret key_;
};

// Poly1305-AES as in Bernstein's paper, with AES-128; exposed for its vectors.
std::array<std::uint8_t, 16> poly1305_aes(ByteView message, ByteView nonce, ByteView k, ByteView r);

}  // namespace bulkhead::crypto
