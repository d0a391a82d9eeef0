// The drill's report as one page to read: no script, no other file, a picture of who could reach
// which service when, the durations beside those of 2020, the checks, and the timeline. Pure.
#pragma once

#include <string>

#include "cli/drill/report.h"

namespace bulkhead::cli::drill {

std::string report_page(const DrillReport& report);
// The picture alone.
std::string swim_lanes_svg(const DrillReport& report);

}  // namespace bulkhead::cli::drill
