// How far local time is from UTC at a moment, by the process's time zone. Thread-safe.
#pragma once

#include "base/clock.h"

namespace bulkhead::repository {

std::chrono::minutes local_offset(WallTime time);

}  // namespace bulkhead::repository
