#include "services/gisis/domain/date.h"

#include <array>
#include <optional>

#include <fmt/format.h>

#include "base/text.h"

namespace bulkhead::services::gisis {
namespace {

using std::chrono::day;
using std::chrono::month;
using std::chrono::year;
using std::chrono::year_month_day;

struct Three {
  std::array<std::string_view, 3> parts;
};

std::optional<Three> split_three(std::string_view text, std::string_view separators) {
  for (const char separator : separators) {
    const auto parts = split(text, separator);
    if (parts.size() == 3) return Three{{parts[0], parts[1], parts[2]}};
  }
  return std::nullopt;
}

std::optional<int> number_of(std::string_view text, std::size_t least, std::size_t most) {
  if (text.size() < least || text.size() > most) return std::nullopt;
  const auto value = parse_u64(text);
  if (!value) return std::nullopt;
  return static_cast<int>(*value);
}

std::optional<int> year_of(std::string_view text, int window_first_year) {
  if (text.size() == 4) return number_of(text, 4, 4);
  const auto short_year = number_of(text, 2, 2);
  if (!short_year) return std::nullopt;
  const int century = window_first_year / 100 * 100;
  const int candidate = century + *short_year;
  return candidate < window_first_year ? candidate + 100 : candidate;
}

std::optional<year_month_day> date_of(std::optional<int> y, std::optional<int> m,
                                      std::optional<int> d) {
  if (!y || !m || !d) return std::nullopt;
  const year_month_day date(year(*y), month(static_cast<unsigned>(*m)),
                            day(static_cast<unsigned>(*d)));
  if (*y < 1000 || !date.ok()) return std::nullopt;
  return date;
}

std::optional<year_month_day> parse_form(std::string_view text, DateForm form, int first_year) {
  if (form == DateForm::iso) {
    const auto three = split_three(text, "-");
    if (!three) return std::nullopt;
    const auto& p = three->parts;
    return date_of(number_of(p[0], 4, 4), number_of(p[1], 2, 2), number_of(p[2], 2, 2));
  }
  const auto three = split_three(text, "/.-");
  if (!three) return std::nullopt;
  const auto& p = three->parts;
  const auto first = number_of(p[0], 1, 2);
  const auto second = number_of(p[1], 1, 2);
  const auto full_year = year_of(p[2], first_year);
  return form == DateForm::month_day_year ? date_of(full_year, first, second)
                                          : date_of(full_year, second, first);
}

}  // namespace

Parsed<year_month_day> parse_date(std::string_view text, const DateRule& rule) {
  text = trim(text);
  for (const DateForm form : rule.forms) {
    if (const auto date = parse_form(text, form, rule.window_first_year)) return *date;
  }
  return std::unexpected(Reason::not_a_date);
}

std::string format_date(year_month_day date) {
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
}

}  // namespace bulkhead::services::gisis
