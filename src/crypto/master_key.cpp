#include "crypto/master_key.h"

#include <algorithm>
#include <memory>

#include <openssl/core_names.h>

#include "base/check.h"
#include "crypto/internal/openssl.h"

namespace bulkhead::crypto {
namespace {

constexpr std::size_t kIvSize = 16;
constexpr std::size_t kTagSize = 16;

using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, Freed<EVP_CIPHER_CTX_free>>;
using MacContext = std::unique_ptr<EVP_MAC_CTX, Freed<EVP_MAC_CTX_free>>;

// Fetched once each: a fetch takes locks and costs more than a short message.
const EVP_CIPHER* aes_256_ctr() {
  static EVP_CIPHER* const fetched = EVP_CIPHER_fetch(nullptr, "AES-256-CTR", nullptr);
  CHECK(fetched != nullptr);
  return fetched;
}
const EVP_CIPHER* aes_128_ecb() {
  static EVP_CIPHER* const fetched = EVP_CIPHER_fetch(nullptr, "AES-128-ECB", nullptr);
  CHECK(fetched != nullptr);
  return fetched;
}
EVP_MAC* poly1305() {
  static EVP_MAC* const fetched = EVP_MAC_fetch(nullptr, "POLY1305", nullptr);
  CHECK(fetched != nullptr);
  return fetched;
}

bool all_zero(ByteView bytes) {
  return std::ranges::all_of(bytes, [](std::uint8_t byte) { return byte == 0; });
}

// EVP takes lengths as int; blobs are far shorter, files need not be.
constexpr std::size_t kCipherStepMax = std::size_t{1} << 30;

void apply_ctr(ByteView key, ByteView iv, ByteView in, std::uint8_t* out) {
  const CipherContext context(EVP_CIPHER_CTX_new());
  CHECK(context != nullptr);
  CHECK(EVP_EncryptInit_ex2(context.get(), aes_256_ctr(), key.data(), iv.data(), nullptr) == 1);
  while (!in.empty()) {
    const std::size_t step = std::min(in.size(), kCipherStepMax);
    int written = 0;
    CHECK(EVP_EncryptUpdate(context.get(), out, &written, in.data(), static_cast<int>(step)) == 1);
    out += step;
    in = in.subspan(step);
  }
}

}  // namespace

std::array<std::uint8_t, 16> poly1305_aes(ByteView message, ByteView nonce, ByteView k,
                                          ByteView r) {
  CHECK(nonce.size() == 16 && k.size() == 16 && r.size() == 16);
  std::array<std::uint8_t, 32> one_time_key;
  std::ranges::copy(r, one_time_key.begin());
  const CipherContext cipher(EVP_CIPHER_CTX_new());
  CHECK(cipher != nullptr);
  CHECK(EVP_EncryptInit_ex2(cipher.get(), aes_128_ecb(), k.data(), nullptr, nullptr) == 1);
  CHECK(EVP_CIPHER_CTX_set_padding(cipher.get(), 0) == 1);
  int written = 0;
  CHECK(EVP_EncryptUpdate(cipher.get(), one_time_key.data() + 16, &written, nonce.data(), 16) == 1);
  CHECK(written == 16);

  const MacContext mac(EVP_MAC_CTX_new(poly1305()));
  CHECK(mac != nullptr);
  CHECK(EVP_MAC_init(mac.get(), one_time_key.data(), one_time_key.size(), nullptr) == 1);
  CHECK(EVP_MAC_update(mac.get(), message.data(), message.size()) == 1);
  std::array<std::uint8_t, 16> tag;
  std::size_t tag_size = 0;
  CHECK(EVP_MAC_final(mac.get(), tag.data(), &tag_size, tag.size()) == 1);
  CHECK(tag_size == tag.size());
  wipe(one_time_key);
  return tag;
}

MasterKey MasterKey::generate(Random& random) {
  Secret key(kMasterKeySize);
  random.fill(key.bytes());
  return MasterKey(std::move(key));
}

Result<MasterKey> MasterKey::from_bytes(ByteView bytes) {
  if (bytes.size() != kMasterKeySize) {
    return fail(ErrorKind::invalid, "the key has not the right length");
  }
  MasterKey key(Secret::copy_of(bytes));
  if (all_zero(key.encrypt_part()) || all_zero(key.mac_k_part()) || all_zero(key.mac_r_part())) {
    return fail(ErrorKind::invalid, "the key has a part that is all zero");
  }
  return key;
}

Bytes MasterKey::seal(ByteView plaintext, Random& random) const {
  Bytes sealed(kIvSize + plaintext.size() + kTagSize);
  const MutableByteView iv = MutableByteView(sealed).subspan(0, kIvSize);
  do {
    random.fill(iv);
  } while (all_zero(iv));
  apply_ctr(encrypt_part(), iv, plaintext, sealed.data() + kIvSize);
  const ByteView ciphertext = ByteView(sealed).subspan(kIvSize, plaintext.size());
  const auto tag = poly1305_aes(ciphertext, iv, mac_k_part(), mac_r_part());
  std::ranges::copy(tag, sealed.end() - kTagSize);
  return sealed;
}

Result<Bytes> MasterKey::unseal(ByteView sealed) const {
  if (sealed.size() < kSealOverhead) {
    return fail(ErrorKind::corrupt, "sealed bytes are shorter than their own overhead of 32 bytes");
  }
  const ByteView iv = sealed.first(kIvSize);
  const ByteView ciphertext = sealed.subspan(kIvSize, sealed.size() - kSealOverhead);
  const ByteView tag = sealed.last(kTagSize);
  if (all_zero(iv)) return fail(ErrorKind::corrupt, "sealed bytes have an all-zero IV");
  const auto expected = poly1305_aes(ciphertext, iv, mac_k_part(), mac_r_part());
  if (!equal_constant_time(expected, tag)) {
    return fail(ErrorKind::corrupt,
                "authentication failed: the bytes are damaged, or sealed with another key");
  }
  Bytes plaintext(ciphertext.size());
  apply_ctr(encrypt_part(), iv, ciphertext, plaintext.data());
  return plaintext;
}

}  // namespace bulkhead::crypto
