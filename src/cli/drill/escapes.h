// Judges the attacker's own report of its ways out: a way that is not in it was not tried, and
// proves nothing. Pure.
#pragma once

#include <string>
#include <vector>

#include "cli/drill/attacker/reach_out.h"
#include "json/value.h"

namespace bulkhead::cli::drill {

struct EscapeVerdict {
  std::size_t refused = 0;
  std::vector<std::string> open;  // "tcp 127.0.0.1:8443: succeeded", "… was not tried"
};

// `named`: those that the attacker was given; attacker::kKnownTargets are wanted as well.
EscapeVerdict judge_escapes(const json::Value& attack_report,
                            const std::vector<attacker::Target>& named);

}  // namespace bulkhead::cli::drill
