#include "services/gisis/pages/record_pages.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/text.h"
#include "service/components.h"
#include "services/gisis/pages/exports.h"
#include "services/gisis/pages/list_page.h"
#include "services/gisis/pages/record_page.h"
#include "services/gisis/pages/unknown_values.h"
#include "services/gisis/pages/values.h"

namespace bulkhead::services::gisis {
namespace {

Result<http::Response> home_page(service::Visit& visit, Registry& registry) {
  std::vector<service::Card> cards;
  bool has_samples = false;
  for (const ModuleDefinition& module : registry.modules()) {
    const auto count = static_cast<std::int64_t>(TRY(registry.count(module)));
    has_samples = has_samples || TRY(registry.has_samples(module));
    cards.push_back({.title = module.title.in(visit.language),
                     .href = visit.link("/" + module.name),
                     .text = module.description.in(visit.language),
                     .meta = visit.plural("home.records", count),
                     .text_language = {}});
  }
  const json::Object model{
      {"sample_notice", has_samples ? service::notice(visit, service::Notice::sample,
                                                      escape_html(visit.text("sample.list")))
                                    : ""},
      {"modules", service::card_list(cards)},
      {"is_operator", is_operator(visit.request)}};
  return visit.page({.title = visit.text("home.title"),
                     .description = visit.text("home.lead"),
                     .content = visit.render("home", model),
                     .lead = visit.text("home.lead")});
}

std::string code(std::string_view text) {
  return "<code dir=\"ltr\">" + escape_html(text) + "</code>";
}

// What a field is called in exports and URLs, and what it means.
std::string field_table(const service::Visit& visit, const ModuleDefinition& module) {
  std::vector<std::vector<std::string>> rows;
  for (const FieldDefinition& field : module.fields) {
    const bool has_range = field.type == FieldType::date || field.type == FieldType::integer;
    rows.push_back({code(field.name), escape_html(field.label.in(visit.language)),
                    code(name_of(field.type)),
                    !field.filterable ? ""
                    : has_range       ? code(field.name + "_from") + ", " + code(field.name + "_to")
                                      : code(field.name)});
  }
  return service::table(module.title.in(visit.language),
                        {{.label = visit.text("data.name")},
                         {.label = visit.text("data.meaning")},
                         {.label = visit.text("data.type")},
                         {.label = visit.text("data.filter")}},
                        rows, service::Caption::heard);
}

Result<http::Response> data_page(service::Visit& visit, Registry& registry) {
  json::Array examples;
  json::Array modules;
  for (const ModuleDefinition& module : registry.modules()) {
    for (const std::string extension : {".json", ".csv"}) {
      const std::string href = visit.link("/" + module.name) + extension;
      examples.push_back(json::Object{{"href", href}, {"text", href}});
    }
    modules.push_back(json::Object{{"title", module.title.in(visit.language)},
                                   {"table", field_table(visit, module)}});
  }
  return visit.page({.title = visit.text("data.title"),
                     .description = visit.text("data.lead"),
                     .content = visit.render("data", {{"examples", std::move(examples)},
                                                      {"modules", std::move(modules)}}),
                     .lead = visit.text("data.lead")});
}

Result<http::Response> list(service::Visit& visit, const std::shared_ptr<Registry>& registry) {
  const FormattedName name = split_format(visit.request.path_values["module"]);
  const ModuleDefinition* module = TRY(registry->module(name.name));
  if (name.format != Format::html) {
    TRY(ListRequest::refuse_other_names(*module, visit.request.query));
  }
  ListRequest request = TRY(ListRequest::parse(*module, visit.request.query));
  TRY(keep_unknown_only(*registry, *module, request));
  if (name.format == Format::html) return list_page(visit, *registry, *module, request);
  if (!request.unknown.empty()) {
    const auto sentences = TRY(unknown_values(visit, *registry, *module, request));
    return fail(ErrorKind::invalid, fmt::format("{}", fmt::join(sentences, " ")));
  }
  return export_list(visit, registry, *module, request, name.format);
}

Result<http::Response> record(service::Visit& visit, Registry& registry) {
  const FormattedName key = split_format(visit.request.path_values["key"]);
  const ModuleDefinition* module = TRY(registry.module(visit.request.path_values["module"]));
  const Record found = TRY(registry.find(*module, to_lower_ascii(key.name)));
  if (key.format == Format::html) return record_page(visit, registry, *module, found);
  return export_record(visit, registry, *module, found, key.format);
}

}  // namespace

bool is_operator(const http::Request& request) {
  return request.headers.find("X-Bulkhead-Role").value_or("") == "operator";
}

void add_record_pages(service::Site& site, std::shared_ptr<Registry> registry) {
  site.get("/", [registry](service::Visit& visit) { return home_page(visit, *registry); });
  site.get("/data", [registry](service::Visit& visit) { return data_page(visit, *registry); });
  site.get("/{module}", [registry](service::Visit& visit) { return list(visit, registry); });
  site.get("/{module}/{key}",
           [registry](service::Visit& visit) { return record(visit, *registry); });
}

}  // namespace bulkhead::services::gisis
