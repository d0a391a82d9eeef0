#include "crypto/signing_key.h"

#include <array>

#include <openssl/ec.h>
#include <openssl/pem.h>

#include "crypto/internal/openssl.h"

namespace bulkhead::crypto {
namespace {

using Digest = std::unique_ptr<EVP_MD_CTX, Freed<EVP_MD_CTX_free>>;
using Signature = std::unique_ptr<ECDSA_SIG, Freed<ECDSA_SIG_free>>;

constexpr std::size_t kHalf = 32;  // bytes of r and of s

bool is_p256(EVP_PKEY* key) {
  std::array<char, 64> group{};
  return EVP_PKEY_get_group_name(key, group.data(), group.size(), nullptr) == 1 &&
         std::string_view(group.data()) == "prime256v1";
}

// A callback that knows no password, so that an encrypted key is refused and nobody is asked.
int no_password(char*, int, int, void*) { return -1; }

}  // namespace

struct SigningKey::State {
  Key key;
};

SigningKey::SigningKey(std::unique_ptr<State> state) : state_(std::move(state)) {}
SigningKey::SigningKey(SigningKey&&) noexcept = default;
SigningKey& SigningKey::operator=(SigningKey&&) noexcept = default;
SigningKey::~SigningKey() = default;

Result<SigningKey> SigningKey::generate() {
  Key key = TRY(make_p256_key());
  return SigningKey(std::make_unique<State>(State{std::move(key)}));
}

Result<SigningKey> SigningKey::from_pem(std::string_view pem) {
  const Memory memory = reading(pem);
  Key key(memory ? PEM_read_bio_PrivateKey(memory.get(), nullptr, no_password, nullptr) : nullptr);
  if (!key || !is_p256(key.get())) {
    return fail(ErrorKind::invalid, "not an unencrypted P-256 private key in PEM");
  }
  return SigningKey(std::make_unique<State>(State{std::move(key)}));
}

Result<std::string> SigningKey::private_pem() const { return write_private_key(state_->key.get()); }

Result<std::string> SigningKey::public_pem() const {
  const Memory memory(BIO_new(BIO_s_mem()));
  if (!memory || PEM_write_bio_PUBKEY(memory.get(), state_->key.get()) != 1) {
    return fail(ErrorKind::internal, "OpenSSL cannot write the public key");
  }
  return content_of(memory);
}

Result<Bytes> SigningKey::sign(std::string_view message) const {
  const Digest digest(EVP_MD_CTX_new());
  std::size_t size = 0;
  const auto* data = reinterpret_cast<const unsigned char*>(message.data());
  if (!digest ||
      EVP_DigestSignInit(digest.get(), nullptr, EVP_sha256(), nullptr, state_->key.get()) != 1 ||
      EVP_DigestSign(digest.get(), nullptr, &size, data, message.size()) != 1) {
    return fail(ErrorKind::internal, "OpenSSL cannot sign");
  }
  Bytes der(size);
  if (EVP_DigestSign(digest.get(), der.data(), &size, data, message.size()) != 1) {
    return fail(ErrorKind::internal, "OpenSSL cannot sign");
  }
  const unsigned char* at = der.data();
  const Signature signature(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(size)));
  Bytes out(2 * kHalf);
  if (!signature || BN_bn2binpad(ECDSA_SIG_get0_r(signature.get()), out.data(), kHalf) != kHalf ||
      BN_bn2binpad(ECDSA_SIG_get0_s(signature.get()), out.data() + kHalf, kHalf) != kHalf) {
    return fail(ErrorKind::internal, "OpenSSL made a signature of another form");
  }
  return out;
}

Result<bool> verify_signature(std::string_view public_pem, std::string_view message,
                              ByteView signature) {
  const Memory memory = reading(public_pem);
  const Key key(memory ? PEM_read_bio_PUBKEY(memory.get(), nullptr, no_password, nullptr)
                       : nullptr);
  if (!key || !is_p256(key.get())) {
    return fail(ErrorKind::invalid, "not a P-256 public key in PEM");
  }
  if (signature.size() != 2 * kHalf) return false;
  const Signature parsed(ECDSA_SIG_new());
  BIGNUM* r = BN_bin2bn(signature.data(), kHalf, nullptr);
  BIGNUM* s = BN_bin2bn(signature.data() + kHalf, kHalf, nullptr);
  if (!parsed || !r || !s || ECDSA_SIG_set0(parsed.get(), r, s) != 1) {
    BN_free(r);
    BN_free(s);
    return fail(ErrorKind::internal, "OpenSSL has no memory for a signature");
  }
  unsigned char* der = nullptr;
  const int size = i2d_ECDSA_SIG(parsed.get(), &der);
  if (size <= 0) return false;
  const Digest digest(EVP_MD_CTX_new());
  const bool valid =
      digest &&
      EVP_DigestVerifyInit(digest.get(), nullptr, EVP_sha256(), nullptr, key.get()) == 1 &&
      EVP_DigestVerify(digest.get(), der, static_cast<std::size_t>(size),
                       reinterpret_cast<const unsigned char*>(message.data()), message.size()) == 1;
  OPENSSL_free(der);
  return valid;
}

}  // namespace bulkhead::crypto
