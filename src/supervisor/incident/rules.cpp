#include "supervisor/incident/rules.h"

#include <algorithm>
#include <set>

namespace bulkhead::supervisor {

std::optional<IndicatorKind> rule_kind(analysis::IndicatorKind kind) {
  switch (kind) {
    case analysis::IndicatorKind::canary_touched: return IndicatorKind::canary;
    case analysis::IndicatorKind::entropy_jump: return IndicatorKind::entropy;
    case analysis::IndicatorKind::mass_change:
    case analysis::IndicatorKind::ransom_sign: return IndicatorKind::mass_change;
    case analysis::IndicatorKind::watch_blind:
      return std::nullopt;  // nothing bad was seen; an operator looks at it
  }
  return std::nullopt;
}

std::vector<std::string> services_to_seal(const Estate& estate,
                                          const analysis::Indicator& indicator) {
  const std::optional<IndicatorKind> kind = rule_kind(indicator.kind);
  if (!kind) return {};
  std::set<std::string> chosen;
  for (const Rule& rule : estate.rules) {
    const bool matches = std::ranges::find(rule.when, *kind) != rule.when.end() &&
                         std::ranges::find(rule.on, indicator.service) != rule.on.end();
    if (matches) chosen.insert(rule.seal.begin(), rule.seal.end());
  }
  std::vector<std::string> ordered;
  for (const ServiceConfig& service : estate.services) {
    if (chosen.contains(service.name)) ordered.push_back(service.name);
  }
  return ordered;
}

}  // namespace bulkhead::supervisor
