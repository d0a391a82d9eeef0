// Bytes that must not stay in memory after use: keys and passwords. Kept out of swap and core
// dumps where the system allows it, wiped when the owner ends or is moved from.
#pragma once

#include <string_view>

#include "base/bytes.h"

namespace bulkhead::crypto {

// Overwrites in a way that the compiler may not leave out.
void wipe(MutableByteView bytes);

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::size_t size);
  static Secret copy_of(ByteView bytes);
  static Secret copy_of(std::string_view text) { return copy_of(as_bytes(text)); }
  Secret(Secret&& other) noexcept;
  Secret& operator=(Secret&& other) noexcept;
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  ~Secret();

  Secret clone() const { return copy_of(view()); }
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  ByteView view() const { return {data_, size_}; }
  MutableByteView bytes() { return {data_, size_}; }
  std::string_view text() const { return as_text(view()); }

 private:
  std::uint8_t* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace bulkhead::crypto
