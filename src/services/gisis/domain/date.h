// Calendar dates as registers write them. Two-digit years are read by a window of a hundred years
// whose first year the module's definition says, never by the current date: the same file must mean
// the same thing next year.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "services/gisis/domain/reason.h"

namespace bulkhead::services::gisis {

enum class DateForm {
  iso,             // 1994-07-22
  month_day_year,  // 7/22/94, 07/22/1994: as in exports from the United States
  day_month_year,  // 22/7/94, 22.07.1994
};

struct DateRule {
  std::vector<DateForm> forms = {DateForm::iso};
  int window_first_year = 1950;
};

// The first form that fits wins; reason not_a_date.
Parsed<std::chrono::year_month_day> parse_date(std::string_view text, const DateRule& rule);
// "1994-07-22"
std::string format_date(std::chrono::year_month_day date);

}  // namespace bulkhead::services::gisis
