#include "base/bytes.h"

#include "base/check.h"
#include "base/hex.h"

namespace bulkhead {
namespace {

constexpr char kHexDigits[] = "0123456789abcdef";
constexpr std::string_view kBase64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kBase64Url =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

std::string encode(ByteView bytes, std::string_view alphabet, bool padded) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t left = bytes.size() - i;
    const std::uint32_t group = static_cast<std::uint32_t>(bytes[i]) << 16 |
                                (left > 1 ? bytes[i + 1] : 0u) << 8 |
                                (left > 2 ? bytes[i + 2] : 0u);
    out += alphabet[group >> 18 & 63];
    out += alphabet[group >> 12 & 63];
    if (left > 1) out += alphabet[group >> 6 & 63];
    else if (padded) out += '=';
    if (left > 2) out += alphabet[group & 63];
    else if (padded) out += '=';
  }
  return out;
}

Result<Bytes> decode(std::string_view text, std::string_view alphabet) {
  std::array<std::int8_t, 256> values;
  values.fill(-1);
  for (std::size_t i = 0; i < alphabet.size(); ++i) {
    values[static_cast<std::uint8_t>(alphabet[i])] = static_cast<std::int8_t>(i);
  }
  if (text.size() % 4 == 1) return fail(ErrorKind::invalid, "base64 text has an impossible length");
  Bytes out;
  out.reserve(text.size() * 3 / 4);
  std::uint32_t group = 0;
  int bits = 0;
  for (const char c : text) {
    const int value = values[static_cast<std::uint8_t>(c)];
    if (value < 0) return fail(ErrorKind::invalid, "base64 text has a character that is not of it");
    group = group << 6 | static_cast<std::uint32_t>(value);
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      out.push_back(static_cast<std::uint8_t>(group >> bits));
    }
  }
  if (group & ((1u << bits) - 1))
    return fail(ErrorKind::invalid, "base64 text has stray last bits");
  return out;
}

}  // namespace

void append_hex(std::string& out, ByteView bytes) {
  const std::size_t begin = out.size();
  out.resize(begin + bytes.size() * 2);
  char* at = out.data() + begin;
  for (const std::uint8_t byte : bytes) {
    *at++ = kHexDigits[byte >> 4];
    *at++ = kHexDigits[byte & 15];
  }
}

std::string to_hex(ByteView bytes) {
  std::string out;
  append_hex(out, bytes);
  return out;
}

bool read_hex(std::string_view text, MutableByteView out) {
  static const auto kValues = [] {
    std::array<std::int8_t, 256> values;
    for (unsigned i = 0; i < values.size(); ++i) {
      values[i] = static_cast<std::int8_t>(hex_value(static_cast<char>(i)));
    }
    return values;
  }();
  if (text.size() != out.size() * 2) return false;
  int all = 0;
  for (std::size_t i = 0; i < out.size(); ++i) {
    const int high = kValues[static_cast<std::uint8_t>(text[2 * i])];
    const int low = kValues[static_cast<std::uint8_t>(text[2 * i + 1])];
    all |= high | low;
    out[i] =
        static_cast<std::uint8_t>(static_cast<unsigned>(high) << 4 | static_cast<unsigned>(low));
  }
  return all >= 0;
}

Result<Bytes> from_hex(std::string_view text) {
  if (text.size() % 2 != 0) return fail(ErrorKind::invalid, "hexadecimal text has an odd length");
  Bytes out(text.size() / 2);
  if (read_hex(text, out)) return out;
  return fail(ErrorKind::invalid, "hexadecimal text has a character other than 0-9 and a-f");
}

std::string to_base64(ByteView bytes) { return encode(bytes, kBase64, true); }
std::string to_base64url(ByteView bytes) { return encode(bytes, kBase64Url, false); }

Result<Bytes> from_base64(std::string_view text) {
  if (text.size() % 4 != 0) return fail(ErrorKind::invalid, "base64 text lacks its padding");
  if (text.ends_with("==")) text.remove_suffix(2);
  else if (text.ends_with('=')) text.remove_suffix(1);
  return decode(text, kBase64);
}

Result<Bytes> from_base64url(std::string_view text) { return decode(text, kBase64Url); }

std::uint32_t read_u32le(ByteView bytes, std::size_t at) {
  CHECK(at + 4 <= bytes.size());
  return static_cast<std::uint32_t>(bytes[at]) | static_cast<std::uint32_t>(bytes[at + 1]) << 8 |
         static_cast<std::uint32_t>(bytes[at + 2]) << 16 |
         static_cast<std::uint32_t>(bytes[at + 3]) << 24;
}

void append_u32le(Bytes& out, std::uint32_t value) {
  for (int shift = 0; shift < 32; shift += 8)
    out.push_back(static_cast<std::uint8_t>(value >> shift));
}

bool equal_constant_time(ByteView a, ByteView b) {
  if (a.size() != b.size()) return false;
  std::uint8_t difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    difference = static_cast<std::uint8_t>(difference | (a[i] ^ b[i]));
  }
  // Keeps the compiler from leaving the loop early.
  asm volatile("" : "+r"(difference));
  return difference == 0;
}

}  // namespace bulkhead
