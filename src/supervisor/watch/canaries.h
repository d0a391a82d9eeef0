// Keeps the canaries of a dataset: plants them where a generation has none yet, and checks them
// when bulkheadd starts, since what happened meanwhile was seen by no watcher.
#pragma once

#include <string>
#include <vector>

#include "analysis/indicator.h"
#include "supervisor/estate/estate.h"
#include "supervisor/estate/layout.h"

namespace bulkhead::supervisor {

// secrets/canary.key; made when it is not there yet.
Result<std::string> canary_secret(const Layout& layout);

// Plants what this generation never had, and answers an indicator for each canary that it had and
// that is changed or gone. Kind conflict where a file of a canary's name is in the dataset already.
Result<std::vector<analysis::Indicator>> tend_canaries(const Layout& layout,
                                                       const ServiceConfig& service,
                                                       const std::string& generation,
                                                       const std::string& secret, WallTime now);

}  // namespace bulkhead::supervisor
