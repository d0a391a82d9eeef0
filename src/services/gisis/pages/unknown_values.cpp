#include "services/gisis/pages/unknown_values.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "services/gisis/pages/values.h"

namespace bulkhead::services::gisis {
namespace {

// "Panama (PA)", sorted by what the visitor reads.
std::vector<std::string> known_values(const service::Visit& visit, const FieldDefinition& field,
                                      const Facet& facet) {
  std::vector<std::string> out;
  for (const FacetValue& value : facet.values) {
    const std::string label = label_of(visit, field, value.value);
    out.push_back(label == value.value ? label : fmt::format("{} ({})", label, value.value));
  }
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace

Result<void> keep_unknown_only(Registry& registry, const ModuleDefinition& module,
                               ListRequest& request) {
  std::vector<UnknownValue> unknown;
  for (UnknownValue& value : request.unknown) {
    ListRequest same{.sort_field = module.sort_field, .limit = 1};
    same.filters.push_back({.field = value.field, .values = {value.given}, .from = {}, .to = {}});
    if (TRY(registry.list(module, same)).total == 0) unknown.push_back(std::move(value));
  }
  request.unknown = std::move(unknown);
  return {};
}

Result<std::vector<std::string>> unknown_values(const service::Visit& visit, Registry& registry,
                                                const ModuleDefinition& module,
                                                const ListRequest& request) {
  // Of the whole register: with the other filters there may be none left to name.
  const std::vector<Facet> facets = TRY(registry.facets(module, {}));
  std::vector<std::string> out;
  for (const UnknownValue& unknown : request.unknown) {
    const FieldDefinition& field = module.fields[unknown.field];
    std::string sentence =
        visit.text("list.unknown", {{"label", field.label.in(visit.language)},
                                    {"value", unknown.given},
                                    {"reason", reason_text(visit, unknown.reason)}});
    for (const Facet& facet : facets) {
      if (facet.field != unknown.field || facet.values.empty()) continue;
      const auto values = known_values(visit, field, facet);
      sentence +=
          " " + visit.text("list.known", {{"values", fmt::format("{}", fmt::join(values, ", "))}});
    }
    out.push_back(std::move(sentence));
  }
  return out;
}

}  // namespace bulkhead::services::gisis
