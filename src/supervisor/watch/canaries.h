// Keeps the canaries of a dataset: plants them where a generation has none yet, and checks them
// when bulkheadd starts, since what happened meanwhile was seen by no watcher.
#pragma once

#include <string>
#include <vector>

#include "analysis/indicator.h"
#include "base/random.h"
#include "supervisor/estate/estate.h"
#include "supervisor/estate/layout.h"

namespace bulkhead::supervisor {

// The first time for a generation: plants those that are not there, and remembers what all of them
// hold. From then on: answers an indicator for each that is changed or gone.
Result<std::vector<analysis::Indicator>> tend_canaries(const Layout& layout,
                                                       const ServiceConfig& service,
                                                       const std::string& generation,
                                                       Random& random, WallTime now);

}  // namespace bulkhead::supervisor
