// Reads text that a program wrote, not a person: keys in one order, no white space, no escapes.
// Whatever is not exactly so is refused, and its caller reads it the long way; so nothing here need
// explain what is wrong. Used for trees and index files, which are most of what a repository's
// programs read.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

#include "base/text.h"
#include "repository/ids.h"

namespace bulkhead::repository {

class PlainText {
 public:
  explicit PlainText(std::string_view text) : at_(text.data()), end_(text.data() + text.size()) {}

  bool at_end() const { return at_ == end_; }

  // Steps over `expected` where it comes next.
  bool skip(std::string_view expected) {
    if (static_cast<std::size_t>(end_ - at_) < expected.size()) return false;
    if (std::memcmp(at_, expected.data(), expected.size()) != 0) return false;
    at_ += expected.size();
    return true;
  }

  // Up to the next quotation mark, and over it. Controls, escapes and what is not UTF-8 are
  // refused.
  bool text(std::string_view& out) {
    const char* const begin = at_;
    bool ascii = true;
    for (; at_ != end_ && *at_ != '"'; ++at_) {
      const auto byte = static_cast<unsigned char>(*at_);
      if (byte < 0x20 || byte == '\\') return false;
      ascii = ascii && byte < 0x80;
    }
    if (at_ == end_) return false;
    out = {begin, static_cast<std::size_t>(at_++ - begin)};
    return ascii || is_valid_utf8(out);
  }

  // Digits without a zero in front, and no overflow.
  bool number(std::uint64_t& out) {
    constexpr int kDigitsMax = 19;
    const char* const begin = at_;
    out = 0;
    while (at_ != end_ && *at_ >= '0' && *at_ <= '9') {
      out = out * 10 + static_cast<std::uint64_t>(*at_++ - '0');
    }
    const auto count = at_ - begin;
    return count > 0 && count <= kDigitsMax && (*begin != '0' || count == 1);
  }

  bool number(std::uint32_t& out) {
    std::uint64_t wide = 0;
    if (!number(wide) || wide > UINT32_MAX) return false;
    out = static_cast<std::uint32_t>(wide);
    return true;
  }

  // 64 digits and a quotation mark.
  template <typename AnyId>
  bool id(AnyId& out) {
    constexpr std::size_t kDigits = AnyId::kSize * 2;
    if (static_cast<std::size_t>(end_ - at_) < kDigits + 1) return false;
    std::array<std::uint8_t, AnyId::kSize> bytes;
    if (!read_hex({at_, kDigits}, bytes)) return false;
    out = AnyId::from_bytes(bytes);
    at_ += kDigits;
    return skip("\"");
  }

 private:
  const char* at_;
  const char* end_;
};

}  // namespace bulkhead::repository
