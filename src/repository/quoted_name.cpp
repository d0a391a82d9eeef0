// Names as restic writes them into trees: Go's strconv.Quote without the outer quotes, and back.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "repository/tree.h"

namespace bulkhead::repository {
namespace {

struct Range {
  char32_t first;
  char32_t last;
};

// What Go's unicode.IsPrint refuses and file names may hold: controls, spaces other than U+0020,
// marks of direction and of joining, surrogates, private use and non-characters. Whoever quotes
// less or more is read all the same; only the bytes of the tree differ.
constexpr Range kNotPrintable[] = {
    {0x00, 0x1f},     {0x7f, 0xa0},     {0xad, 0xad},     {0x61c, 0x61c},   {0x1680, 0x1680},
    {0x180e, 0x180e}, {0x2000, 0x200f}, {0x2028, 0x202f}, {0x205f, 0x206f}, {0x3000, 0x3000},
    {0xd800, 0xf8ff}, {0xfeff, 0xfeff}, {0xfff0, 0xfffb}, {0xfffe, 0xffff}, {0xe0000, 0x10ffff},
};

bool is_printable(char32_t rune) {
  return std::ranges::none_of(kNotPrintable, [rune](const Range& range) {
    return rune >= range.first && rune <= range.last;
  });
}

struct Decoded {
  char32_t rune;
  std::size_t length;  // 0: not UTF-8
};

// The rune at the start of `text`, by the rules of RFC 3629.
Decoded decode_utf8(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < length) return {0, 0};
  char32_t rune = lead & (0xff >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return {0, 0};
    rune = rune << 6 | (byte(i) & 0x3f);
  }
  constexpr std::array<char32_t, 5> kLeast = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = rune >= 0xd800 && rune <= 0xdfff;
  if (rune < kLeast[length] || surrogate || rune > 0x10ffff) return {0, 0};
  return {rune, length};
}

void append_utf8(std::string& out, char32_t rune) {
  if (rune < 0x80) {
    out += static_cast<char>(rune);
  } else if (rune < 0x800) {
    out += static_cast<char>(0xc0 | rune >> 6);
    out += static_cast<char>(0x80 | (rune & 0x3f));
  } else if (rune < 0x10000) {
    out += static_cast<char>(0xe0 | rune >> 12);
    out += static_cast<char>(0x80 | (rune >> 6 & 0x3f));
    out += static_cast<char>(0x80 | (rune & 0x3f));
  } else {
    out += static_cast<char>(0xf0 | rune >> 18);
    out += static_cast<char>(0x80 | (rune >> 12 & 0x3f));
    out += static_cast<char>(0x80 | (rune >> 6 & 0x3f));
    out += static_cast<char>(0x80 | (rune & 0x3f));
  }
}

constexpr std::string_view kShortNames = "abfnrtv\\\"'";
constexpr std::string_view kShortValues = "\a\b\f\n\r\t\v\\\"'";

void append_escaped(std::string& out, char32_t rune) {
  if (rune < 0x80 && kShortValues.substr(0, 7).find(static_cast<char>(rune)) != std::string::npos) {
    out += '\\';
    out += kShortNames[kShortValues.find(static_cast<char>(rune))];
  } else if (rune < ' ' || rune == 0x7f) {
    out += fmt::format("\\x{:02x}", static_cast<unsigned>(rune));
  } else if (rune < 0x10000) {
    out += fmt::format("\\u{:04x}", static_cast<unsigned>(rune));
  } else {
    out += fmt::format("\\U{:08x}", static_cast<unsigned>(rune));
  }
}

std::unexpected<Error> bad(std::string_view quoted) {
  return fail(ErrorKind::corrupt, fmt::format("\"{}\" is not a quoted name", quoted));
}

// `count` digits of `base`; nothing where there are fewer or others.
std::optional<char32_t> number(std::string_view text, std::size_t count, unsigned base) {
  if (text.size() < count) return std::nullopt;
  char32_t value = 0;
  for (const char c : text.substr(0, count)) {
    unsigned digit = 99;
    if (c >= '0' && c <= '9') digit = static_cast<unsigned>(c - '0');
    else if (c >= 'a' && c <= 'f') digit = static_cast<unsigned>(c - 'a') + 10;
    else if (c >= 'A' && c <= 'F') digit = static_cast<unsigned>(c - 'A') + 10;
    if (digit >= base) return std::nullopt;
    value = value * base + digit;
  }
  return value;
}

// Appends what the escape after a backslash stands for; answers its length, or 0.
std::size_t append_unescaped(std::string& out, std::string_view escape) {
  if (escape.empty()) return 0;
  const char kind = escape[0];
  if (const std::size_t at = kShortNames.find(kind); at != std::string_view::npos) {
    out += kShortValues[at];
    return 1;
  }
  if (kind == 'x') {
    const auto value = number(escape.substr(1), 2, 16);
    if (!value) return 0;
    out += static_cast<char>(*value);
    return 3;
  }
  if (kind == 'u' || kind == 'U') {
    const std::size_t digits = kind == 'u' ? 4 : 8;
    const auto value = number(escape.substr(1), digits, 16);
    if (!value || *value > 0x10ffff || (*value >= 0xd800 && *value <= 0xdfff)) return 0;
    append_utf8(out, *value);
    return 1 + digits;
  }
  const auto octal = number(escape, 3, 8);
  if (!octal || *octal > 0xff) return 0;
  out += static_cast<char>(*octal);
  return 3;
}

}  // namespace

std::string quote_name(std::string_view raw) {
  const bool plain = std::ranges::all_of(
      raw, [](char c) { return c >= 0x20 && c < 0x7f && c != '"' && c != '\\'; });
  if (plain) return std::string(raw);
  std::string out;
  out.reserve(raw.size());
  while (!raw.empty()) {
    const Decoded decoded = decode_utf8(raw);
    if (decoded.length == 0) {
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(raw[0]));
      raw.remove_prefix(1);
      continue;
    }
    if (decoded.rune == '"' || decoded.rune == '\\') {
      out += '\\';
      out += static_cast<char>(decoded.rune);
    } else if (is_printable(decoded.rune)) {
      out += raw.substr(0, decoded.length);
    } else {
      append_escaped(out, decoded.rune);
    }
    raw.remove_prefix(decoded.length);
  }
  return out;
}

Result<std::string> unquote_name(std::string_view quoted) {
  std::string out;
  out.reserve(quoted.size());
  std::size_t at = 0;
  while (at < quoted.size()) {
    const char c = quoted[at++];
    if (c == '"' || c == '\n') return bad(quoted);
    if (c != '\\') {
      out += c;
      continue;
    }
    const std::size_t length = append_unescaped(out, quoted.substr(at));
    if (length == 0) return bad(quoted);
    at += length;
  }
  return out;
}

}  // namespace bulkhead::repository
