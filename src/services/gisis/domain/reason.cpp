#include "services/gisis/domain/reason.h"

#include "base/check.h"

namespace bulkhead::services::gisis {

std::string_view name_of(Reason reason) {
  switch (reason) {
    case Reason::missing: return "missing";
    case Reason::not_a_number: return "not_a_number";
    case Reason::wrong_length: return "wrong_length";
    case Reason::check_digit: return "check_digit";
    case Reason::not_a_date: return "not_a_date";
    case Reason::not_a_position: return "not_a_position";
    case Reason::half_a_position: return "half_a_position";
    case Reason::out_of_range: return "out_of_range";
    case Reason::unknown_country: return "unknown_country";
    case Reason::unknown_choice: return "unknown_choice";
    case Reason::not_yes_or_no: return "not_yes_or_no";
    case Reason::too_long: return "too_long";
    case Reason::not_utf8: return "not_utf8";
    case Reason::columns_differ: return "columns_differ";
    case Reason::duplicate_in_file: return "duplicate_in_file";
  }
  CHECK(false);
}

std::optional<Reason> reason_of(std::string_view name) {
  for (const Reason reason : kReasons) {
    if (name_of(reason) == name) return reason;
  }
  return std::nullopt;
}

}  // namespace bulkhead::services::gisis
