#include "crypto/master_key.h"

#include <algorithm>
#include <memory>

#include <openssl/core_names.h>

#include "base/check.h"
#include "crypto/internal/openssl.h"

namespace bulkhead::crypto {
namespace {

constexpr std::size_t kIvSize = kSealIvSize;
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

// Contexts are kept by each thread: making one costs more than sealing a short message.
EVP_CIPHER_CTX* ctr_context() {
  thread_local const CipherContext context(EVP_CIPHER_CTX_new());
  CHECK(context != nullptr);
  return context.get();
}
EVP_CIPHER_CTX* ecb_context() {
  thread_local const CipherContext context(EVP_CIPHER_CTX_new());
  CHECK(context != nullptr);
  return context.get();
}
EVP_MAC_CTX* mac_context() {
  thread_local const MacContext context(EVP_MAC_CTX_new(poly1305()));
  CHECK(context != nullptr);
  return context.get();
}

// `out` may be where `in` is.
void apply_ctr(ByteView key, ByteView iv, ByteView in, std::uint8_t* out) {
  EVP_CIPHER_CTX* const context = ctr_context();
  CHECK(EVP_EncryptInit_ex2(context, aes_256_ctr(), key.data(), iv.data(), nullptr) == 1);
  while (!in.empty()) {
    const std::size_t step = std::min(in.size(), kCipherStepMax);
    int written = 0;
    CHECK(EVP_EncryptUpdate(context, out, &written, in.data(), static_cast<int>(step)) == 1);
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
  EVP_CIPHER_CTX* const cipher = ecb_context();
  CHECK(EVP_EncryptInit_ex2(cipher, aes_128_ecb(), k.data(), nullptr, nullptr) == 1);
  CHECK(EVP_CIPHER_CTX_set_padding(cipher, 0) == 1);
  int written = 0;
  CHECK(EVP_EncryptUpdate(cipher, one_time_key.data() + 16, &written, nonce.data(), 16) == 1);
  CHECK(written == 16);

  EVP_MAC_CTX* const mac = mac_context();
  CHECK(EVP_MAC_init(mac, one_time_key.data(), one_time_key.size(), nullptr) == 1);
  CHECK(EVP_MAC_update(mac, message.data(), message.size()) == 1);
  std::array<std::uint8_t, 16> tag;
  std::size_t tag_size = 0;
  CHECK(EVP_MAC_final(mac, tag.data(), &tag_size, tag.size()) == 1);
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

void MasterKey::seal_into(MutableByteView out, ByteView plaintext, Random& random) const {
  CHECK(out.size() == plaintext.size() + kSealOverhead);
  const MutableByteView iv = out.first(kIvSize);
  do {
    random.fill(iv);
  } while (all_zero(iv));
  apply_ctr(encrypt_part(), iv, plaintext, out.data() + kIvSize);
  const ByteView ciphertext = ByteView(out).subspan(kIvSize, plaintext.size());
  const auto tag = poly1305_aes(ciphertext, iv, mac_k_part(), mac_r_part());
  std::ranges::copy(tag, out.end() - kTagSize);
}

Bytes MasterKey::seal(ByteView plaintext, Random& random) const {
  Bytes sealed(plaintext.size() + kSealOverhead);
  seal_into(sealed, plaintext, random);
  return sealed;
}

Result<void> MasterKey::unseal_into(MutableByteView out, ByteView sealed) const {
  if (sealed.size() < kSealOverhead) {
    return fail(ErrorKind::corrupt, "sealed bytes are shorter than their own overhead of 32 bytes");
  }
  CHECK(out.size() == sealed.size() - kSealOverhead);
  const ByteView iv = sealed.first(kIvSize);
  const ByteView ciphertext = sealed.subspan(kIvSize, out.size());
  const ByteView tag = sealed.last(kTagSize);
  if (all_zero(iv)) return fail(ErrorKind::corrupt, "sealed bytes have an all-zero IV");
  const auto expected = poly1305_aes(ciphertext, iv, mac_k_part(), mac_r_part());
  if (!equal_constant_time(expected, tag)) {
    return fail(ErrorKind::corrupt,
                "authentication failed: the bytes are damaged, or sealed with another key");
  }
  apply_ctr(encrypt_part(), iv, ciphertext, out.data());
  return {};
}

Result<MutableByteView> MasterKey::unseal_in_place(MutableByteView sealed) const {
  if (sealed.size() < kSealOverhead) return std::unexpected(unseal(sealed).error());
  const MutableByteView plaintext = sealed.subspan(kIvSize, sealed.size() - kSealOverhead);
  TRY(unseal_into(plaintext, sealed));
  return plaintext;
}

Result<Bytes> MasterKey::unseal(ByteView sealed) const {
  Bytes plaintext(sealed.size() < kSealOverhead ? 0 : sealed.size() - kSealOverhead);
  TRY(unseal_into(plaintext, sealed));
  return plaintext;
}

}  // namespace bulkhead::crypto
