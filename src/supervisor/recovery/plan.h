// Which services come back in which order, and by which steps: pure, from the estate and the
// incident's records. Dependencies come first, then the tier, then the name. What is done already
// is not in the plan, so a plan made again after an interruption goes on where the last one ended.
#pragma once

#include <string>
#include <vector>

#include "supervisor/estate/estate.h"
#include "supervisor/incident/incident.h"

namespace bulkhead::supervisor {

enum class RecoveryKind {
  restore,  // from the clean point
  recheck,  // restored before and sealed again, without a new indicator
};

struct PlannedService {
  std::string name;
  RecoveryKind kind = RecoveryKind::restore;
  std::vector<Step> steps;  // still to be done, in order
};

// `services`: which of the incident's to bring back; empty: every one that is not open to `expose`
// yet. Kind not_found for a service that the incident does not hold; kind conflict where one
// depends on another that is sealed and not in the plan.
Result<std::vector<PlannedService>> plan_recovery(const Estate& estate, const Incident& incident,
                                                  const std::vector<std::string>& services,
                                                  Exposure expose);

// The exposure that an opening step leads to; nothing for the other steps.
std::optional<Exposure> exposure_of(Step step);

}  // namespace bulkhead::supervisor
