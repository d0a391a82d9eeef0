#include "analysis/indicator.h"

#include <array>

namespace bulkhead::analysis {
namespace {

struct Name {
  IndicatorKind kind;
  std::string_view name;
};
constexpr std::array kNames = {
    Name{IndicatorKind::canary_touched, "canary_touched"},
    Name{IndicatorKind::entropy_jump, "entropy_jump"},
    Name{IndicatorKind::mass_change, "mass_change"},
    Name{IndicatorKind::ransom_sign, "ransom_sign"},
    Name{IndicatorKind::watch_blind, "watch_blind"},
};

}  // namespace

std::string_view name_of(IndicatorKind kind) {
  for (const Name& entry : kNames) {
    if (entry.kind == kind) return entry.name;
  }
  return "unknown";
}

Result<IndicatorKind> indicator_kind_from(std::string_view name) {
  for (const Name& entry : kNames) {
    if (entry.name == name) return entry.kind;
  }
  return fail(ErrorKind::corrupt, "\"" + std::string(name) + "\" is no kind of indicator");
}

json::Value to_json(const Indicator& indicator) {
  json::Object out{{"kind", std::string(name_of(indicator.kind))},
                   {"service", indicator.service},
                   {"path", indicator.path},
                   {"time", to_rfc3339(indicator.time)},
                   {"explanation", indicator.explanation}};
  if (!indicator.generation.empty()) out.set("generation", indicator.generation);
  return out;
}

Result<Indicator> indicator_from_json(const json::Value& value) {
  Indicator indicator;
  const std::string kind = TRY(value["kind"].to_string("indicator's kind"));
  indicator.kind = TRY(indicator_kind_from(kind));
  indicator.service = TRY(value["service"].to_string("indicator's service"));
  indicator.path = TRY(value["path"].to_string("indicator's path"));
  const std::string time = TRY(value["time"].to_string("indicator's time"));
  indicator.time = TRY(from_rfc3339(time));
  indicator.explanation = TRY(value["explanation"].to_string("indicator's explanation"));
  if (!value["generation"].is_null()) {
    indicator.generation = TRY(value["generation"].to_string("indicator's generation"));
  }
  return indicator;
}

}  // namespace bulkhead::analysis
