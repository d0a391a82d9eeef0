// Positions as mariners, forms and databases write them: "3° 56.80' N", "03-56-48N", "N 3 56.8",
// "0356.8N" (degrees and minutes run together, as in UN/LOCODE), "-3.9467", with any of the dashes,
// primes and degree signs that keyboards and copies produce.
#pragma once

#include <string>
#include <string_view>

#include "services/gisis/domain/reason.h"

namespace bulkhead::services::gisis {

enum class Axis { latitude, longitude };

// Degrees, north and east positive. The reason is not_a_position, or out_of_range beyond 90 or 180
// degrees and for 60 minutes or seconds and more.
Parsed<double> parse_angle(std::string_view text, Axis axis);

struct Position {
  double latitude_degrees = 0;
  double longitude_degrees = 0;
  bool operator==(const Position&) const = default;
};

// Both in one text: "51° 30' N 0° 10' W", "5130N 00010W", "51.5, -0.1667".
Parsed<Position> parse_position(std::string_view text);

// "3° 56.80′ N": hundredths of a minute, about 18 metres.
std::string format_angle(double degrees, Axis axis);
// "3° 56.80′ N, 101° 20.00′ E"
std::string format_position(const Position& position);

}  // namespace bulkhead::services::gisis
