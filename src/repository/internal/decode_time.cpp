#include "repository/internal/decode_time.h"

#include <fmt/format.h>

#include "base/text.h"

namespace bulkhead::repository {

Result<WallTime> decode_time(const json::Value& value, std::string_view what) {
  if (value.is_null()) return WallTime{};
  const std::string text = TRY(value.to_string(what));
  const auto time = from_rfc3339(text);
  if (time) return *time;
  const auto year = text.size() > 4 ? parse_u64(std::string_view(text).substr(0, 4)) : std::nullopt;
  const bool out_of_range = year && (*year < 1678 || *year > 2261) && text[4] == '-';
  if (out_of_range) return WallTime{};
  return fail(ErrorKind::corrupt, fmt::format("{}: {}", what, time.error().message()));
}

}  // namespace bulkhead::repository
