// Times as text appended to text, in local time too (clock.h has the plain forms).
#pragma once

#include "base/clock.h"

namespace bulkhead {

// `offset` from UTC, by whole minutes: "2020-09-30T08:15:00.25+02:00". Trailing zeros of the
// fraction are left out, as Go does.
void append_rfc3339(std::string& out, WallTime time, std::chrono::minutes offset = {});

}  // namespace bulkhead
