#include "analysis/indicator.h"

#include "base/names.h"

namespace bulkhead::analysis {
namespace {

constexpr Named<IndicatorKind> kNames[] = {
    {IndicatorKind::canary_touched, "canary_touched"},
    {IndicatorKind::entropy_jump, "entropy_jump"},
    {IndicatorKind::mass_change, "mass_change"},
    {IndicatorKind::ransom_sign, "ransom_sign"},
    {IndicatorKind::watch_blind, "watch_blind"},
};

}  // namespace

std::string_view name_of(IndicatorKind kind) { return name_in(kNames, kind); }

Result<IndicatorKind> indicator_kind_from(std::string_view name) {
  if (const auto kind = value_in(kNames, name)) return *kind;
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
