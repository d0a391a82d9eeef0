// Dates and numbers as each language writes them (ICU's data). Times are UTC and say so. Arabic
// pages use the digits 0 to 9, so that identifiers, tables and links agree with each other.
#pragma once

#include <cstdint>
#include <string>

#include "base/clock.h"
#include "service/language.h"

namespace bulkhead::service {

std::string format_date(Language language, WallTime time);        // "30 September 2020"
std::string format_short_date(Language language, WallTime time);  // "30 Sept 2020", for tables
std::string format_date_time(Language language, WallTime time);  // "30 September 2020 at 06:15 UTC"
std::string format_number(Language language, std::int64_t number);
std::string format_decimal(Language language, double number, int decimals);
// "1.4 MB", in powers of 1000.
std::string format_size(Language language, std::uint64_t bytes);

}  // namespace bulkhead::service
