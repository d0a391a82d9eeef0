// Bytes, and their text forms. Hex is lower-case; base64 is RFC 4648 section 4, padded.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace bulkhead {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;
using MutableByteView = std::span<std::uint8_t>;

inline ByteView as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline std::string_view as_text(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
inline Bytes to_bytes(std::string_view text) {
  const ByteView view = as_bytes(text);
  return Bytes(view.begin(), view.end());
}

std::string to_hex(ByteView bytes);
// Refuses odd lengths, upper case and anything that is not a hexadecimal digit (kind invalid).
Result<Bytes> from_hex(std::string_view text);

std::string to_base64(ByteView bytes);
// base64url without padding, as in JWT (RFC 7515 appendix C).
std::string to_base64url(ByteView bytes);
// Padding is required, and nothing else than the alphabet is accepted (kind invalid).
Result<Bytes> from_base64(std::string_view text);
Result<Bytes> from_base64url(std::string_view text);

// Little-endian, as in restic packs. `at` must leave four bytes.
std::uint32_t read_u32le(ByteView bytes, std::size_t at);
void append_u32le(Bytes& out, std::uint32_t value);

// Takes the same time whatever the contents are; the lengths are not secret.
bool equal_constant_time(ByteView a, ByteView b);

}  // namespace bulkhead
