#include "crypto/password_hash.h"

#include <array>

#include <sodium.h>

namespace bulkhead::crypto {
namespace {

constexpr std::size_t kMiB = 1024 * 1024;
constexpr std::size_t kPasswordSizeMax = 4096;

struct Cost {
  unsigned long long passes;
  std::size_t memory;
};

Cost cost_of(HashStrength strength) {
  if (strength == HashStrength::password) return {2, 64 * kMiB};
  return {1, 8 * kMiB};
}

}  // namespace

Result<std::string> hash_password(std::string_view password, HashStrength strength) {
  if (password.size() > kPasswordSizeMax) {
    return fail(ErrorKind::limit, "the password is longer than 4096 bytes");
  }
  if (sodium_init() < 0) return fail(ErrorKind::internal, "libsodium cannot be started");
  const Cost cost = cost_of(strength);
  std::array<char, crypto_pwhash_argon2id_STRBYTES> text{};
  if (crypto_pwhash_argon2id_str(text.data(), password.data(), password.size(), cost.passes,
                                 cost.memory) != 0) {
    return fail(ErrorKind::limit, "no memory is left to hash a password");
  }
  return std::string(text.data());
}

bool verify_password(std::string_view hash, std::string_view password) {
  if (password.size() > kPasswordSizeMax || sodium_init() < 0) return false;
  const std::string text(hash);
  return crypto_pwhash_argon2id_str_verify(text.c_str(), password.data(), password.size()) == 0;
}

}  // namespace bulkhead::crypto
