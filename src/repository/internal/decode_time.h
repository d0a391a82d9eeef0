// Times as other programs write them into repositories: Go's zero time, and other years that
// nanoseconds since 1970 in 64 bits cannot say, are taken as 1970 rather than refused.
#pragma once

#include "base/clock.h"
#include "json/value.h"

namespace bulkhead::repository {

Result<WallTime> decode_time(const json::Value& value, std::string_view what);

}  // namespace bulkhead::repository
