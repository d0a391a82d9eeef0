// Times written by an example, as Go's time.Format does: the template shows how the moment
// Mon Jan 2 15:04:05 MST 2006 would look. Always in UTC. Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"

namespace bulkhead::repository {

// "2006-01-02T15:04:05Z07:00" gives "2020-09-30T06:15:00Z". What is no part of a time stays.
std::string format_time(WallTime time, std::string_view layout);

}  // namespace bulkhead::repository
