#include "crypto/secret.h"

#include <algorithm>

#include <sodium.h>

#include "base/check.h"

namespace bulkhead::crypto {

void wipe(MutableByteView bytes) { sodium_memzero(bytes.data(), bytes.size()); }

Secret::Secret(std::size_t size) : size_(size) {
  if (size == 0) return;
  static const bool ready = sodium_init() >= 0;
  CHECK(ready);
  data_ = static_cast<std::uint8_t*>(sodium_malloc(size));
  CHECK(data_ != nullptr);
  std::fill_n(data_, size, std::uint8_t{0});
}

Secret Secret::copy_of(ByteView bytes) {
  Secret secret(bytes.size());
  std::ranges::copy(bytes, secret.data_);
  return secret;
}

Secret::Secret(Secret&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

Secret& Secret::operator=(Secret&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

// sodium_free wipes first.
Secret::~Secret() { sodium_free(data_); }

}  // namespace bulkhead::crypto
