#include "services/gisis/pages/record_page.h"

#include <fmt/format.h>

#include "base/text.h"
#include "http/url.h"
#include "service/components.h"
#include "services/gisis/pages/values.h"

namespace bulkhead::services::gisis {
namespace {

std::string tag(std::string_view kind, std::string_view text) {
  return fmt::format("<span class=\"tag tag-{}\">{}</span>", kind, escape_html(text));
}

// The value as a link to the record that it is the key of, where there is one.
Result<std::string> linked(const service::Visit& visit, Registry& registry,
                           const FieldDefinition& field, const FieldValue& value,
                           std::string html) {
  const auto* key = std::get_if<std::string>(&value);
  if (field.links_to.empty() || key == nullptr) return html;
  const auto module = registry.module(field.links_to);
  if (!module) return html;
  const auto target = registry.find(**module, *key);
  if (!target) {
    if (target.error().kind() == ErrorKind::not_found) return html;
    return std::unexpected(target.error());
  }
  return fmt::format("<a href=\"{}\">{}</a>",
                     escape_html(visit.link(record_path(**module, *target))), html);
}

Result<std::string> value_html(const service::Visit& visit, Registry& registry,
                               const ModuleDefinition& module, const Record& record,
                               std::size_t index) {
  const FieldDefinition& field = module.fields[index];
  std::string html = display_html(visit, field, record.values[index]);
  const Remark* remark = remark_on(record, index);
  if (remark != nullptr) {
    const std::string given = visit.text("record.given", {{"given", remark->given}});
    return (html.empty() ? "<bdi>" + escape_html(given) + "</bdi>" : html) + " " +
           tag("warning", reason_text(visit, remark->reason));
  }
  if (html.empty()) {
    return fmt::format("<span class=\"not-given\">{}</span>",
                       escape_html(visit.text("record.not_given")));
  }
  return TRY(linked(visit, registry, field, record.values[index], std::move(html)));
}

// Records of other modules that name this one by its key.
Result<json::Array> related(const service::Visit& visit, Registry& registry,
                            const ModuleDefinition& module, const Record& record) {
  json::Array links;
  for (const ModuleDefinition& other : registry.modules()) {
    for (std::size_t i = 0; i < other.fields.size(); ++i) {
      const FieldDefinition& field = other.fields[i];
      if (field.links_to != module.name || !field.filterable) continue;
      ListRequest request{.sort_field = other.sort_field, .limit = 1};
      request.filters.push_back({.field = i, .values = {record.key}, .from = {}, .to = {}});
      const std::uint64_t total = TRY(registry.list(other, request)).total;
      if (total == 0) continue;
      links.push_back(
          json::Object{{"text", other.title.in(visit.language) + ": " +
                                    visit.plural("list.found", static_cast<std::int64_t>(total))},
                       {"href", visit.link("/" + other.name) + "?" + field.name + "=" +
                                    http::percent_encode(record.key)}});
    }
  }
  return links;
}

}  // namespace

Result<http::Response> record_page(service::Visit& visit, Registry& registry,
                                   const ModuleDefinition& module, const Record& record) {
  std::vector<service::Fact> facts;
  for (std::size_t i = 0; i < module.fields.size(); ++i) {
    if (module.sample_field == i) continue;
    facts.push_back({module.fields[i].label.in(visit.language),
                     TRY(value_html(visit, registry, module, record, i))});
  }
  json::Array links = TRY(related(visit, registry, module, record));
  const bool has_links = !links.empty();
  const std::string path = visit.link(record_path(module, record));
  const json::Object model{
      {"sample_notice", is_sample(module, record)
                            ? service::notice(visit, service::Notice::sample,
                                              escape_html(visit.text("sample.record")))
                            : ""},
      {"facts", service::fact_list(facts)},
      {"has_related", has_links},
      {"related", std::move(links)},
      {"csv", path + ".csv"},
      {"json", path + ".json"}};
  const std::string& title = module.title.in(visit.language);
  return visit.page({.title = heading_of(visit, module, record),
                     .content = visit.render("record", model),
                     .breadcrumbs = {{visit.text("nav.modules"), visit.link("/")},
                                     {title, visit.link("/" + module.name)}}});
}

}  // namespace bulkhead::services::gisis
