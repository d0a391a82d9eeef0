// The drill's implant: stands in the place of a service's program inside its compartment, runs that
// program as its child, and waits for the trigger. Until then the service is as it always is; from
// then on an attack runs beside it with the same rights, as if the service had been taken over.
#pragma once

#include <string>
#include <vector>

#include "cli/drill/attacker/encryption.h"
#include "cli/drill/attacker/reach_out.h"
#include "cli/drill/attacker/surroundings.h"

namespace bulkhead::cli::drill::attacker {

inline constexpr std::string_view kTriggerName = ".drill-trigger";
inline constexpr std::string_view kReportName = ".attack-report.json";

struct ImplantOptions {
  std::string token;
  std::vector<Target> targets;
  Pace pace;
  std::vector<std::string> service;  // its own command, as the policy had it
};

// Checks its surroundings, reaches out, encrypts. The report in the data folder is written before
// the first file is touched and again after every few, since being frozen is how an attack ends.
Result<void> attack(const ImplantOptions& options, const Surroundings& surroundings);

// The service's exit status. Whatever becomes of the attack, the service goes on.
int run_implant(const ImplantOptions& options);

}  // namespace bulkhead::cli::drill::attacker
