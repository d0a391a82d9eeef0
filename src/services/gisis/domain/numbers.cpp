#include "services/gisis/domain/numbers.h"

#include <fmt/format.h>

#include "base/text.h"

namespace bulkhead::services::gisis {
namespace {

// The digits of `text` without blanks and without one leading `prefix` in any case.
Parsed<std::string> digits_of(std::string_view text, std::string_view prefix, std::size_t length) {
  text = trim(text);
  if (text.size() >= prefix.size() && to_lower_ascii(text.substr(0, prefix.size())) == prefix) {
    text.remove_prefix(prefix.size());
  }
  std::string digits;
  for (const char c : text) {
    if (c == ' ') continue;
    if (c < '0' || c > '9') return std::unexpected(Reason::not_a_number);
    digits += c;
  }
  if (digits.empty()) return std::unexpected(Reason::not_a_number);
  if (digits.size() != length) return std::unexpected(Reason::wrong_length);
  return digits;
}

int weighted_sum(std::string_view digits, std::initializer_list<int> weights) {
  int sum = 0;
  std::size_t at = 0;
  for (const int weight : weights) sum += weight * (digits[at++] - '0');
  return sum;
}

std::uint32_t value_of(std::string_view digits) {
  std::uint32_t value = 0;
  for (const char c : digits) value = value * 10 + static_cast<std::uint32_t>(c - '0');
  return value;
}

}  // namespace

Parsed<ImoNumber> ImoNumber::parse(std::string_view text) {
  const Parsed<std::string> digits = digits_of(text, "imo", 7);
  if (!digits) return std::unexpected(digits.error());
  if (weighted_sum(*digits, {7, 6, 5, 4, 3, 2}) % 10 != (*digits)[6] - '0') {
    return std::unexpected(Reason::check_digit);
  }
  // All zeros would pass the check, and are how an unset transponder answers.
  if (*digits == "0000000") return std::unexpected(Reason::out_of_range);
  return ImoNumber(value_of(*digits));
}

std::string ImoNumber::text() const { return fmt::format("{:07}", value_); }

Parsed<CompanyNumber> CompanyNumber::parse(std::string_view text) {
  const Parsed<std::string> digits = digits_of(text, "imo", 7);
  if (!digits) return std::unexpected(digits.error());
  const int check = (11 - weighted_sum(*digits, {8, 6, 4, 2, 9, 7}) % 11) % 10;
  if (check != (*digits)[6] - '0') return std::unexpected(Reason::check_digit);
  return CompanyNumber(value_of(*digits));
}

std::string CompanyNumber::text() const { return fmt::format("{:07}", value_); }

Parsed<Mmsi> Mmsi::parse(std::string_view text) {
  const Parsed<std::string> digits = digits_of(text, "mmsi", 9);
  if (!digits) return std::unexpected(digits.error());
  const std::uint32_t value = value_of(*digits);
  const std::uint32_t country = value / 1'000'000;
  if (country < 201 || country > 775) return std::unexpected(Reason::out_of_range);
  return Mmsi(value);
}

std::string Mmsi::text() const { return fmt::format("{:09}", value_); }

}  // namespace bulkhead::services::gisis
