#include "supervisor/incident/step.h"

#include <string>

namespace bulkhead::supervisor {
namespace {

struct Names {
  Step step;
  std::string_view name;
  std::string_view title;
};

constexpr std::array kNames = {
    Names{Step::preserve, "preserve", "Keep the evidence"},
    Names{Step::choose, "choose", "Choose the last clean snapshot"},
    Names{Step::restore, "restore", "Restore beside the damaged data"},
    Names{Step::verify, "verify", "Compare every file with the snapshot"},
    Names{Step::recheck, "recheck", "Check the data again for indicators"},
    Names{Step::start, "start", "Start in the clean room"},
    Names{Step::integrity, "integrity", "Check the integrity of the data"},
    Names{Step::readiness, "readiness", "Check that the service is ready"},
    Names{Step::probe, "probe", "Probe through the gateway as an outsider"},
    Names{Step::promote, "promote", "Promote to the current instance"},
    Names{Step::open_operators, "open-operators", "Open to operators"},
    Names{Step::open_members, "open-members", "Open to members"},
    Names{Step::open_read_only, "open-read-only", "Open to everyone, read-only"},
    Names{Step::open_public, "open-public", "Open to everyone"},
};

const Names& names_of(Step step) {
  for (const Names& entry : kNames) {
    if (entry.step == step) return entry;
  }
  return kNames.front();
}

}  // namespace

std::string_view name_of(Step step) { return names_of(step).name; }
std::string_view title_of(Step step) { return names_of(step).title; }

Result<Step> step_from(std::string_view name) {
  for (const Names& entry : kNames) {
    if (entry.name == name) return entry.step;
  }
  return fail(ErrorKind::corrupt, "\"" + std::string(name) + "\" is no step of a recovery");
}

}  // namespace bulkhead::supervisor
