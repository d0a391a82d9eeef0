// A sign of compromise: what was seen, where, when, and why it counts. Indicators open incidents
// (src/supervisor/incident) and bound the clean point (clean_point.h). Values only.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "json/value.h"

namespace bulkhead::analysis {

enum class IndicatorKind {
  canary_touched,  // a file that no service has reason to touch was changed or removed
  entropy_jump,    // legible files became as if encrypted
  mass_change,     // more files changed or vanished within the window than the limits allow
  ransom_sign,     // a file named as extortionists name theirs
  watch_blind,     // events were lost: what happened meanwhile is not known
};
std::string_view name_of(IndicatorKind kind);
Result<IndicatorKind> indicator_kind_from(std::string_view name);

struct Indicator {
  IndicatorKind kind = IndicatorKind::mass_change;
  std::string service;
  std::string path;         // relative to the dataset; empty where it is about the whole of it
  WallTime time;            // when it was seen
  std::string explanation;  // a sentence for the operator
  std::string generation;   // of the dataset, "g2"; empty where that is not known

  bool operator==(const Indicator&) const = default;
};

json::Value to_json(const Indicator& indicator);
Result<Indicator> indicator_from_json(const json::Value& value);

}  // namespace bulkhead::analysis
