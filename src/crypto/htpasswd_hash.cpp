#include "crypto/htpasswd_hash.h"

#include <array>
#include <memory>
#include <string>

#include <crypt.h>
#include <openssl/evp.h>

#include "base/bytes.h"

namespace bulkhead::crypto {
namespace {

constexpr std::string_view kSha1Prefix = "{SHA}";
constexpr std::size_t kBcryptSize = 60;
constexpr std::size_t kSha1Size = 20;
// bcrypt looks at so much of a password.
constexpr std::size_t kPasswordSizeMax = 4096;

bool is_bcrypt(std::string_view hash) {
  return hash.size() == kBcryptSize &&
         (hash.starts_with("$2y$") || hash.starts_with("$2b$") || hash.starts_with("$2a$"));
}

bool verify_bcrypt(std::string_view hash, std::string_view password) {
  // A few tens of kilobytes, too large for a worker's stack.
  const auto data = std::make_unique<crypt_data>();
  const std::string setting(hash), phrase(password);
  if (phrase.find('\0') != std::string::npos) return false;
  const char* const found = ::crypt_r(phrase.c_str(), setting.c_str(), data.get());
  return found != nullptr && equal_constant_time(as_bytes(found), as_bytes(hash));
}

bool verify_sha1(std::string_view encoded, std::string_view password) {
  const auto stored = from_base64(encoded);
  std::array<std::uint8_t, kSha1Size> digest{};
  if (!stored || EVP_Digest(password.data(), password.size(), digest.data(), nullptr, EVP_sha1(),
                            nullptr) != 1) {
    return false;
  }
  return equal_constant_time(*stored, digest);
}

}  // namespace

bool is_htpasswd_hash(std::string_view hash) {
  return is_bcrypt(hash) || hash.starts_with(kSha1Prefix);
}

bool verify_htpasswd(std::string_view hash, std::string_view password) {
  if (password.size() > kPasswordSizeMax) return false;
  if (is_bcrypt(hash)) return verify_bcrypt(hash, password);
  return hash.starts_with(kSha1Prefix) && verify_sha1(hash.substr(kSha1Prefix.size()), password);
}

}  // namespace bulkhead::crypto
