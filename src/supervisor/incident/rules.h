// Which services the rules of estate.toml seal on an indicator. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "analysis/indicator.h"
#include "supervisor/estate/estate.h"

namespace bulkhead::supervisor {

// By what name a rule knows an indicator; nothing for those that no rule acts upon.
std::optional<IndicatorKind> rule_kind(analysis::IndicatorKind kind);

// In the estate's order, without repetition; empty where no rule matches.
std::vector<std::string> services_to_seal(const Estate& estate,
                                          const analysis::Indicator& indicator);

}  // namespace bulkhead::supervisor
