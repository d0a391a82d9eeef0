// The states of an incident and the table of what each permits. The table is the whole rule:
// nothing else in the supervisor decides whether an incident may move on.
#pragma once

#include <string_view>

#include "base/result.h"

namespace bulkhead::supervisor {

enum class IncidentState {
  suspected,   // an indicator was seen, or an operator has a doubt
  declared,    // a rule or an operator says that it is one
  contained,   // the gateway refuses, the compartments are frozen
  recovering,  // a recovery plan runs
  restored,    // every service is open again
  closed,
};
std::string_view name_of(IncidentState state);
Result<IncidentState> incident_state_from(std::string_view name);

bool permits(IncidentState from, IncidentState to);
// Kind conflict; the message lists where the incident may go from here.
Result<void> check_transition(IncidentState from, IncidentState to);

}  // namespace bulkhead::supervisor
