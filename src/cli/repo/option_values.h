// Values of options in the forms that restic takes.
#pragma once

#include <string>

#include "base/clock.h"

namespace bulkhead::cli::repo {

// "2020-09-30 06:15:00", "2020-09-30 06:15", "2020-09-30" and the other forms of restic's, in the
// time zone of this process (TZ); or RFC 3339 with its own.
Result<WallTime> parse_time(const std::string& text);

// "512", "10k", "1.5M", "2G", "1T": multiples of 1024.
Result<std::uint64_t> parse_size(const std::string& text, std::string_view option);

// "30s", "5m", "1h30m".
Result<std::chrono::seconds> parse_duration(std::string_view text, std::string_view option);

// $NAME, ${NAME} and $$ as in restic's lists of patterns; what is not set is empty.
std::string expand_variables(std::string_view text);

}  // namespace bulkhead::cli::repo
