// An ECDSA key on the curve P-256 that signs short texts: the passes that the gateway checks
// (JWT, algorithm ES256). The private key never leaves the object but as PEM, for a 0600 file.
// Thread-safe once made.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace bulkhead::crypto {

class SigningKey {
 public:
  static Result<SigningKey> generate();
  // Kind invalid for anything but an unencrypted P-256 private key in PEM.
  static Result<SigningKey> from_pem(std::string_view pem);
  SigningKey(SigningKey&&) noexcept;
  SigningKey& operator=(SigningKey&&) noexcept;
  ~SigningKey();

  Result<std::string> private_pem() const;  // PKCS#8
  Result<std::string> public_pem() const;   // SubjectPublicKeyInfo
  // 64 bytes, r and s as in RFC 7518 section 3.4, over SHA-256 of `message`.
  Result<Bytes> sign(std::string_view message) const;

 private:
  struct State;
  explicit SigningKey(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Whether `signature` (64 bytes) over `message` is of the key whose public PEM this is.
Result<bool> verify_signature(std::string_view public_pem, std::string_view message,
                              ByteView signature);

}  // namespace bulkhead::crypto
