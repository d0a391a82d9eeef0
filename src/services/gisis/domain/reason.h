// Why a value or a row was not taken as it stands. A reason is data rather than a failure: an
// import keeps it beside the value, and the pages say it in the reader's language (message
// "reason_<name>").
#pragma once

#include <array>
#include <expected>
#include <optional>
#include <string_view>

namespace bulkhead::services::gisis {

enum class Reason {
  missing,            // a required value is empty
  not_a_number,       // digits were wanted
  wrong_length,       // too few or too many digits
  check_digit,        // the check digit is not the one that the others give
  not_a_date,         // none of the field's forms, or no such day
  not_a_position,     // not degrees, minutes and seconds with a hemisphere
  half_a_position,    // latitude without longitude, or the other way round
  out_of_range,       // beyond the field's limits
  unknown_country,    // neither a code nor a name of ISO 3166
  unknown_choice,     // not one of the field's values
  not_yes_or_no,      // no boolean
  too_long,           // longer than the field's limit
  not_utf8,           // bytes that are not text
  columns_differ,     // the row has not as many cells as the header
  duplicate_in_file,  // an earlier row of the same file has the same key
};

inline constexpr std::array kReasons = {
    Reason::missing,         Reason::not_a_number,   Reason::wrong_length,
    Reason::check_digit,     Reason::not_a_date,     Reason::not_a_position,
    Reason::half_a_position, Reason::out_of_range,   Reason::unknown_country,
    Reason::unknown_choice,  Reason::not_yes_or_no,  Reason::too_long,
    Reason::not_utf8,        Reason::columns_differ, Reason::duplicate_in_file,
};

// "check_digit" and so on.
std::string_view name_of(Reason reason);
std::optional<Reason> reason_of(std::string_view name);

template <typename T>
using Parsed = std::expected<T, Reason>;

}  // namespace bulkhead::services::gisis
