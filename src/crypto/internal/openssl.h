// OpenSSL's objects with owners, its memory streams as text, its errors as ours.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <openssl/bio.h>
#include <openssl/evp.h>

#include "base/result.h"

namespace bulkhead::crypto {

template <auto function>
struct Freed {
  template <typename T>
  void operator()(T* object) const {
    function(object);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using Memory = std::unique_ptr<BIO, Freed<BIO_free_all>>;

// "<what>: <what OpenSSL says>"; empties this thread's queue of errors.
std::unexpected<Error> openssl_failure(const std::string& what, ErrorKind kind);

// The text must outlive the stream.
Memory reading(std::string_view text);
Result<std::string> content_of(const Memory& memory);

Result<Key> make_p256_key();
// PKCS #8 in PEM. It passes through OpenSSL's secure memory where that is there; the text is the
// caller's.
Result<std::string> write_private_key(EVP_PKEY* key);

}  // namespace bulkhead::crypto
