#include "repository/internal/glob.h"

#include <optional>
#include <utility>

#include <fmt/format.h>

namespace bulkhead::repository {
namespace {

constexpr char32_t kNotUtf8 = 0x110000;  // plus the byte itself: equal to nothing else

// The first letter of `text`, which is not empty, and how many bytes it takes.
struct Letter {
  char32_t code;
  std::size_t size;
};

Letter first_letter(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  const std::size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  const Letter broken{kNotUtf8 + lead, 1};
  if (lead < 0xc2 || lead > 0xf4 || text.size() < size) return broken;
  char32_t code = lead & (0xffu >> (size + 1));
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return broken;
    code = code << 6 | (byte(i) & 0x3fu);
  }
  constexpr char32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
  if (code < kLeast[size] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return broken;
  return {code, size};
}

// The program keeps the "C" locale, whose towlower() knows ASCII alone; the blocks of two cases
// next to each other cover the letters of Latin, Greek and Cyrillic names.
char32_t lower(char32_t code) {
  const auto between = [&](char32_t first, char32_t last) { return code >= first && code <= last; };
  if (between('A', 'Z')) return code + 32;
  if (between(0xc0, 0xde) && code != 0xd7) return code + 32;
  if (between(0x100, 0x137) || between(0x14a, 0x177) || between(0x460, 0x481) ||
      between(0x48a, 0x4bf) || between(0x4d0, 0x52f)) {
    return code | 1;
  }
  if (between(0x139, 0x148) || between(0x179, 0x17e)) return code + (code & 1);
  if (between(0x391, 0x3a9)) return code + 32;
  if (between(0x410, 0x42f)) return code + 32;
  if (between(0x400, 0x40f)) return code + 80;
  return code;
}

char32_t folded(char32_t code, Case letters) {
  return letters == Case::ignored ? lower(code) : code;
}

// Takes one letter, perhaps behind a backslash, off the front.
std::optional<char32_t> take_letter(std::string_view& pattern) {
  if (pattern.starts_with('\\')) pattern.remove_prefix(1);
  if (pattern.empty()) return std::nullopt;
  const Letter letter = first_letter(pattern);
  pattern.remove_prefix(letter.size);
  return letter.code;
}

struct Bracket {
  bool fits = false;
  std::size_t size = 0;  // of the pattern; 0 where it is malformed
};

// `pattern` starts with '['.
Bracket match_bracket(const std::string_view pattern, char32_t code, Case letters) {
  std::string_view rest = pattern.substr(1);
  const bool negated = rest.starts_with('^');
  if (negated) rest.remove_prefix(1);
  bool found = false;
  for (std::size_t ranges = 0;; ++ranges) {
    if (rest.starts_with(']') && ranges > 0) break;
    if (rest.empty() || rest[0] == '-' || rest[0] == ']') return {};
    const auto low = take_letter(rest);
    if (!low) return {};
    auto high = low;
    if (rest.starts_with('-')) {
      rest.remove_prefix(1);
      if (rest.empty() || rest[0] == ']' || rest[0] == '-') return {};
      high = take_letter(rest);
      if (!high) return {};
    }
    const auto in_range = [&](char32_t letter) { return *low <= letter && letter <= *high; };
    found = found || in_range(code) ||
            (letters == Case::ignored && folded(*low, letters) <= code &&
             code <= folded(*high, letters));
  }
  return {found != negated, pattern.size() - rest.size() + 1};
}

}  // namespace

bool glob_matches(std::string_view pattern, std::string_view name, Case letters) {
  // Where the last `*` was, and the name's rest that it was tried on: what follows a star is tried
  // from there again, one letter later each time. Earlier stars need no second look.
  std::optional<std::pair<std::string_view, std::string_view>> star;
  while (true) {
    if (pattern.starts_with('*')) {
      pattern.remove_prefix(1);
      if (pattern.empty()) return true;
      star.emplace(pattern, name);
      continue;
    }
    if (pattern.empty() && name.empty()) return true;
    bool fits = false;
    if (!pattern.empty() && !name.empty()) {
      const Letter letter = first_letter(name);
      const char32_t code = folded(letter.code, letters);
      if (pattern[0] == '[') {
        const Bracket bracket = match_bracket(pattern, code, letters);
        if (bracket.size == 0) return false;
        fits = bracket.fits;
        pattern.remove_prefix(bracket.size);
      } else if (pattern[0] == '?') {
        fits = true;
        pattern.remove_prefix(1);
      } else {
        const auto wanted = take_letter(pattern);
        if (!wanted) return false;
        fits = folded(*wanted, letters) == code;
      }
      if (fits) name.remove_prefix(letter.size);
    }
    if (fits) continue;
    if (!star || star->second.empty()) return false;
    star->second.remove_prefix(first_letter(star->second).size);
    pattern = star->first;
    name = star->second;
  }
}

Result<void> require_glob(std::string_view pattern) {
  const auto refuse = [&](std::string_view why) {
    return fail(ErrorKind::invalid, fmt::format("pattern \"{}\": {}", pattern, why));
  };
  for (std::string_view rest = pattern; !rest.empty();) {
    if (rest[0] == '[') {
      const Bracket bracket = match_bracket(rest, 0, Case::exact);
      if (bracket.size == 0) return refuse("a [ is not closed, or holds no letters");
      rest.remove_prefix(bracket.size);
    } else if (!take_letter(rest)) {
      return refuse("a backslash at the end stands for nothing");
    }
  }
  return {};
}

}  // namespace bulkhead::repository
