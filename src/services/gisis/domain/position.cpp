#include "services/gisis/domain/position.h"

#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <vector>

#include <fmt/format.h>

#include "base/text.h"

namespace bulkhead::services::gisis {
namespace {

constexpr std::size_t kPositionLengthMax = 100;
constexpr std::size_t kNumbersMax = 3;  // degrees, minutes, seconds

struct Sign {
  std::string_view bytes;
  char meaning;  // 'd' degrees, 'm' minutes, 's' seconds, ' ' nothing, '-' dash
};
// Longer spellings stand before those they begin with: two primes before one.
constexpr std::array kSigns = {
    Sign{"\u00b0", 'd'},  // degree sign
    Sign{"\u00ba", 'd'},  // masculine ordinal indicator, typed for it
    Sign{"\u02da", 'd'},  // ring above
    Sign{"\u2070", 'd'},  // superscript zero
    Sign{"\u2032\u2032", 's'},
    Sign{"\u2019\u2019", 's'},
    Sign{"''", 's'},
    Sign{"\u2033", 's'},  // double prime
    Sign{"\u201d", 's'},  // right double quotation mark
    Sign{"\u201c", 's'},
    Sign{"\"", 's'},
    Sign{"\u2032", 'm'},  // prime
    Sign{"\u2019", 'm'},  // right single quotation mark
    Sign{"\u2018", 'm'},
    Sign{"\u00b4", 'm'},  // acute accent
    Sign{"'", 'm'},
    Sign{"`", 'm'},
    Sign{"\u00a0", ' '},  // no-break space
    Sign{" ", ' '},
    Sign{"\t", ' '},
    Sign{":", ' '},
    Sign{"\u2212", '-'},  // minus sign
    Sign{"\u2013", '-'},  // en dash
    Sign{"-", '-'},
};

struct Number {
  std::string digits;  // before the decimal sign
  double value = 0;
  bool fraction = false;
  char unit = ' ';  // of the sign behind it
};

// What a text is made of, before it is known to make sense.
struct Parts {
  std::vector<Number> numbers;
  char hemisphere = 0;
  bool negative = false;
};

std::optional<Sign> sign_at(std::string_view text) {
  for (const Sign& sign : kSigns) {
    if (text.starts_with(sign.bytes)) return sign;
  }
  return std::nullopt;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Takes one number from the front; a comma before a digit is a decimal sign.
std::optional<Number> take_number(std::string_view& text) {
  Number number;
  std::string decimal;
  while (!text.empty() && is_digit(text[0])) {
    number.digits += text[0];
    text.remove_prefix(1);
  }
  decimal = number.digits;
  if (text.size() >= 2 && (text[0] == '.' || text[0] == ',') && is_digit(text[1])) {
    number.fraction = true;
    decimal += '.';
    text.remove_prefix(1);
    while (!text.empty() && is_digit(text[0])) {
      decimal += text[0];
      text.remove_prefix(1);
    }
  } else if (!text.empty() && text[0] == '.') {
    text.remove_prefix(1);  // "56.'"
  }
  if (decimal.size() > 24) return std::nullopt;
  const auto end = decimal.data() + decimal.size();
  const auto [rest, failure] = std::from_chars(decimal.data(), end, number.value);
  if (failure != std::errc() || rest != end) return std::nullopt;
  return number;
}

char hemisphere_at(std::string_view text, Axis axis) {
  const char upper = static_cast<char>(text[0] & ~0x20);
  if (axis == Axis::latitude) return upper == 'N' || upper == 'S' ? upper : '\0';
  return upper == 'E' || upper == 'W' ? upper : '\0';
}

Parsed<Parts> take_apart(std::string_view text, Axis axis) {
  Parts parts;
  for (const std::string_view word : {"latitude", "longitude", "long", "lat", "lon"}) {
    if (to_lower_ascii(text.substr(0, word.size())) != word) continue;
    text.remove_prefix(word.size());
    if (text.starts_with(".")) text.remove_prefix(1);
    break;
  }
  while (!text.empty()) {
    if (is_digit(text[0])) {
      if (parts.numbers.size() == kNumbersMax) return std::unexpected(Reason::not_a_position);
      const std::optional<Number> number = take_number(text);
      if (!number) return std::unexpected(Reason::not_a_position);
      parts.numbers.push_back(*number);
      continue;
    }
    if (const std::optional<Sign> sign = sign_at(text)) {
      text.remove_prefix(sign->bytes.size());
      if (sign->meaning == ' ') continue;
      if (sign->meaning == '-' && parts.numbers.empty()) {
        if (parts.negative) return std::unexpected(Reason::not_a_position);
        parts.negative = true;
      } else if (sign->meaning != '-') {
        if (parts.numbers.empty()) return std::unexpected(Reason::not_a_position);
        parts.numbers.back().unit = sign->meaning;
      }
      continue;
    }
    const char hemisphere = hemisphere_at(text, axis);
    if (hemisphere == 0 || parts.hemisphere != 0) return std::unexpected(Reason::not_a_position);
    parts.hemisphere = hemisphere;
    text.remove_prefix(1);
  }
  return parts;
}

// "0356.8": the last two digits before the decimal sign are minutes.
void split_run_together(Parts& parts) {
  Number& only = parts.numbers.front();
  Number degrees{.digits = only.digits.substr(0, only.digits.size() - 2)};
  degrees.value = std::floor(only.value / 100);
  Number minutes{.digits = only.digits.substr(only.digits.size() - 2)};
  minutes.value = only.value - degrees.value * 100;
  minutes.fraction = only.fraction;
  parts.numbers = {degrees, minutes};
}

// Degrees, minutes, seconds in this order, and only the last of them with a fraction.
bool in_order(const Parts& parts) {
  static constexpr std::string_view kUnits = "dms";
  for (std::size_t i = 0; i < parts.numbers.size(); ++i) {
    const Number& number = parts.numbers[i];
    if (number.unit != ' ' && number.unit != kUnits[i]) return false;
    if (number.fraction && i + 1 != parts.numbers.size()) return false;
  }
  return true;
}

}  // namespace

Parsed<double> parse_angle(std::string_view text, Axis axis) {
  text = trim(text);
  if (text.empty() || text.size() > kPositionLengthMax) {
    return std::unexpected(Reason::not_a_position);
  }
  Parsed<Parts> parts = take_apart(text, axis);
  if (!parts) return std::unexpected(parts.error());
  if (parts->numbers.empty() || (parts->negative && parts->hemisphere != 0)) {
    return std::unexpected(Reason::not_a_position);
  }
  const Number& first = parts->numbers.front();
  if (parts->numbers.size() == 1 && parts->hemisphere != 0 && first.unit == ' ' &&
      first.digits.size() >= 4 && first.digits.size() <= 5) {
    split_run_together(*parts);
  }
  if (!in_order(*parts)) return std::unexpected(Reason::not_a_position);

  double degrees = parts->numbers[0].value;
  double scale = 60;
  for (std::size_t i = 1; i < parts->numbers.size(); ++i, scale *= 60) {
    if (parts->numbers[i].value >= 60) return std::unexpected(Reason::out_of_range);
    degrees += parts->numbers[i].value / scale;
  }
  if (degrees > (axis == Axis::latitude ? 90 : 180)) return std::unexpected(Reason::out_of_range);
  const bool south_or_west =
      parts->negative || parts->hemisphere == 'S' || parts->hemisphere == 'W';
  return south_or_west && degrees != 0 ? -degrees : degrees;
}

Parsed<Position> parse_position(std::string_view text) {
  text = trim(text);
  if (text.size() > 2 * kPositionLengthMax) return std::unexpected(Reason::not_a_position);
  // The halves may meet at any blank, comma or semicolon, or right after the first hemisphere:
  // exactly one place gives two angles unless the text says nothing definite.
  std::optional<Position> found;
  for (std::size_t at = 1; at < text.size(); ++at) {
    const char before = text[at - 1];
    const bool meets = before == ',' || before == ';' || before == ' ' || before == '/' ||
                       hemisphere_at(text.substr(at - 1), Axis::latitude) != 0;
    if (!meets) continue;
    const bool separator = before == ',' || before == ';' || before == '/';
    const auto latitude = parse_angle(text.substr(0, separator ? at - 1 : at), Axis::latitude);
    const auto longitude = parse_angle(text.substr(at), Axis::longitude);
    if (!latitude || !longitude) continue;
    const Position position{*latitude, *longitude};
    if (found && (found->latitude_degrees != position.latitude_degrees ||
                  found->longitude_degrees != position.longitude_degrees)) {
      return std::unexpected(Reason::not_a_position);
    }
    found = position;
  }
  if (!found) return std::unexpected(Reason::not_a_position);
  return *found;
}

std::string format_angle(double degrees, Axis axis) {
  const std::int64_t hundredths = std::llround(std::fabs(degrees) * 6000);
  const bool negative = degrees < 0 && hundredths != 0;
  const char hemisphere = axis == Axis::latitude ? (negative ? 'S' : 'N') : (negative ? 'W' : 'E');
  return fmt::format("{}\u00b0 {:02}.{:02}\u2032 {}", hundredths / 6000, hundredths % 6000 / 100,
                     hundredths % 100, hemisphere);
}

std::string format_position(const Position& position) {
  return format_angle(position.latitude_degrees, Axis::latitude) + ", " +
         format_angle(position.longitude_degrees, Axis::longitude);
}

}  // namespace bulkhead::services::gisis
