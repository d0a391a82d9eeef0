#include "supervisor/incident/state.h"

#include <algorithm>
#include <array>
#include <string>

#include "base/names.h"

namespace bulkhead::supervisor {
namespace {

struct Transition {
  IncidentState from;
  IncidentState to;
};

using enum IncidentState;

constexpr std::array kPermitted = {
    Transition{suspected, declared},
    Transition{suspected, closed},  // a false alarm
    Transition{declared, contained},
    Transition{declared, closed},
    Transition{contained, recovering},
    Transition{contained, closed},      // found to be nothing: the operator opens by hand
    Transition{recovering, contained},  // sealed again, or the plan was given up
    Transition{recovering, restored},
    Transition{restored, contained},  // sealed again: GISIS on 2 October 2020
    Transition{restored, recovering},
    Transition{restored, closed},
};

constexpr Named<IncidentState> kNames[] = {
    {suspected, "suspected"},   {declared, "declared"}, {contained, "contained"},
    {recovering, "recovering"}, {restored, "restored"}, {closed, "closed"},
};

}  // namespace

std::string_view name_of(IncidentState state) { return name_in(kNames, state); }

Result<IncidentState> incident_state_from(std::string_view name) {
  if (const auto state = value_in(kNames, name)) return *state;
  return fail(ErrorKind::corrupt, "\"" + std::string(name) + "\" is no state of an incident");
}

bool permits(IncidentState from, IncidentState to) {
  return std::ranges::any_of(
      kPermitted, [&](const Transition& entry) { return entry.from == from && entry.to == to; });
}

Result<void> check_transition(IncidentState from, IncidentState to) {
  if (permits(from, to)) return {};
  std::string allowed;
  for (const Transition& entry : kPermitted) {
    if (entry.from != from) continue;
    allowed += (allowed.empty() ? "" : ", ") + std::string(name_of(entry.to));
  }
  return fail(ErrorKind::conflict,
              "an incident that is " + std::string(name_of(from)) + " cannot become " +
                  std::string(name_of(to)) +
                  (allowed.empty() ? "; it is over" : "; it can become " + allowed));
}

}  // namespace bulkhead::supervisor
