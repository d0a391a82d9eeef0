// The steps that bring one service back, in the order in which they are taken. A step that is a
// gate must pass before the service is opened further; none may be left out.
#pragma once

#include <array>
#include <string_view>

#include "base/result.h"

namespace bulkhead::supervisor {

enum class Step {
  preserve,        // evidence snapshot, process list, memory maps; then the compartment ends
  choose,          // the clean point
  restore,         // beside: into the next generation of the dataset
  verify,          // every file's bytes against the snapshot
  recheck,         // instead of those four, for a restored service that was sealed again
  start,           // in the clean room
  integrity,       // GET /integrity
  readiness,       // GET /readyz
  probe,           // through the gateway's clean-room host
  promote,         // the clean-room instance becomes the current one
  open_operators,  // exposure in stages, each with a probe as that visitor
  open_members,
  open_read_only,
  open_public,
};
std::string_view name_of(Step step);
// For the timeline: "Restore beside the damaged data".
std::string_view title_of(Step step);
Result<Step> step_from(std::string_view name);

inline constexpr std::array kStepsToRestore = {
    Step::preserve,     Step::choose,         Step::restore,    Step::verify,  Step::start,
    Step::integrity,    Step::readiness,      Step::probe,      Step::promote, Step::open_operators,
    Step::open_members, Step::open_read_only, Step::open_public};

// A service that was restored in this incident and sealed again without a new indicator.
inline constexpr std::array kStepsToRecheck = {
    Step::recheck,      Step::integrity,      Step::readiness,  Step::open_operators,
    Step::open_members, Step::open_read_only, Step::open_public};

}  // namespace bulkhead::supervisor
