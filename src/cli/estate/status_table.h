// `bulkhead estate status` for somebody who was woken up: what is wrong first, in words.
#pragma once

#include <string>

#include "base/clock.h"
#include "json/value.h"

namespace bulkhead::cli::estate {

enum class Colour { none, terminal };

// `estate` as GET /v1/estate answers it.
std::string status_table(const json::Value& estate, WallTime now, Colour colour);

// "just now", "4 min", "3 h 12 min", "2 d 5 h".
std::string age_of(WallTime then, WallTime now);

}  // namespace bulkhead::cli::estate
