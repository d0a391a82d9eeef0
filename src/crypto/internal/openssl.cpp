#include "crypto/internal/openssl.h"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>

namespace bulkhead::crypto {

std::unexpected<Error> openssl_failure(const std::string& what, ErrorKind kind) {
  char text[256] = "unknown error";
  if (const unsigned long code = ERR_get_error()) ERR_error_string_n(code, text, sizeof text);
  ERR_clear_error();
  return fail(kind, what + ": " + text);
}

Memory reading(std::string_view text) {
  return Memory(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

Result<std::string> content_of(const Memory& memory) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(memory.get(), &data);
  if (size <= 0) return fail(ErrorKind::internal, "OpenSSL wrote nothing");
  return std::string(data, static_cast<std::size_t>(size));
}

Result<Key> make_p256_key() {
  Key key(EVP_EC_gen("P-256"));
  if (!key) return openssl_failure("making a P-256 key", ErrorKind::internal);
  return key;
}

Result<std::string> write_private_key(EVP_PKEY* key) {
  const Memory memory(BIO_new(BIO_s_secmem()));
  if (!memory || PEM_write_bio_PKCS8PrivateKey(memory.get(), key, nullptr, nullptr, 0, nullptr,
                                               nullptr) != 1) {
    return openssl_failure("writing a private key", ErrorKind::internal);
  }
  return content_of(memory);
}

}  // namespace bulkhead::crypto
