#include "services/gisis/pages/list_page.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "service/components.h"
#include "services/gisis/pages/unknown_values.h"
#include "services/gisis/pages/values.h"

namespace bulkhead::services::gisis {
namespace {

using service::Choice;
using service::Field;
using service::FieldKind;

// Parameters that belong to one page of a list; a new search begins at its first page.
bool is_paging(std::string_view name) { return name == "after" || name == "before"; }

// The visitor's address with one name's parameters replaced, from the first page on.
std::string list_href(const service::Visit& visit, std::string_view name,
                      std::optional<std::string_view> without_value, std::string_view value) {
  http::Parameters query;
  for (const auto& [key, old_value] : visit.request.query.all()) {
    if (is_paging(key)) continue;
    if (key == name && (!without_value || *without_value == old_value)) continue;
    query.add(key, old_value);
  }
  if (!value.empty()) query.add(std::string(name), std::string(value));
  const std::string encoded = query.encode();
  return visit.request.path + (encoded.empty() ? "" : "?" + encoded);
}

std::string current_value(const service::Visit& visit, const std::string& name) {
  return visit.request.query.get(name);
}

void add_range(const service::Visit& visit, const FieldDefinition& field,
               std::vector<Field>& fields) {
  const bool is_date = field.type == FieldType::date;
  for (const std::string end : {"from", "to"}) {
    const std::string name = field.name + "_" + end;
    fields.push_back(
        {.kind = is_date ? FieldKind::date : FieldKind::number,
         .name = name,
         .label = visit.text("list." + end, {{"label", field.label.in(visit.language)}}),
         .value = current_value(visit, name)});
  }
}

Field facet_field(const service::Visit& visit, const ModuleDefinition& module,
                  const ListRequest& request, const Facet& facet) {
  const FieldDefinition& field = module.fields[facet.field];
  Field select{
      .kind = FieldKind::choice, .name = field.name, .label = field.label.in(visit.language)};
  select.choices.push_back({"", visit.text("list.any")});
  for (const FacetValue& value : facet.values) {
    select.choices.push_back(
        {value.value, fmt::format("{} ({})", label_of(visit, field, value.value),
                                  visit.number(static_cast<std::int64_t>(value.count)))});
  }
  // Several values at once are shown as chips; a choice in the form then begins anew.
  const Filter* filter = request.find(facet.field);
  if (filter != nullptr && filter->values.size() == 1) {
    select.value = filter->values.front();
    const auto same = [&](const Choice& choice) { return choice.value == select.value; };
    if (std::none_of(select.choices.begin(), select.choices.end(), same)) {
      select.choices.push_back({select.value, label_of(visit, field, select.value)});
    }
  }
  return select;
}

Result<std::vector<Field>> filter_fields(const service::Visit& visit, Registry& registry,
                                         const ModuleDefinition& module,
                                         const ListRequest& request) {
  const std::vector<Facet> facets = TRY(registry.facets(module, request));
  std::vector<Field> fields;
  for (std::size_t i = 0; i < module.fields.size(); ++i) {
    const FieldDefinition& field = module.fields[i];
    if (!field.filterable || module.sample_field == i) continue;
    if (field.type == FieldType::date || field.type == FieldType::integer) {
      add_range(visit, field, fields);
      continue;
    }
    const auto facet = std::find_if(facets.begin(), facets.end(),
                                    [&](const Facet& each) { return each.field == i; });
    if (facet != facets.end() && !facet->values.empty()) {
      fields.push_back(facet_field(visit, module, request, *facet));
    }
  }
  fields.push_back({.kind = FieldKind::checkbox,
                    .name = "flagged",
                    .label = visit.text("list.flagged"),
                    .value = request.with_remarks_only ? "1" : ""});
  return fields;
}

// What a list is narrowed by, each with a link that takes it away.
json::Array active_filters(const service::Visit& visit, const ModuleDefinition& module,
                           const ListRequest& request) {
  json::Array chips;
  const auto add = [&](const std::string& text, const std::string& name,
                       std::optional<std::string_view> value) {
    chips.push_back(json::Object{{"text", text},
                                 {"href", list_href(visit, name, value, "")},
                                 {"label", visit.text("list.remove", {{"filter", text}})}});
  };
  if (!request.text.empty()) add("“" + request.text + "”", "q", std::nullopt);
  for (const Filter& filter : request.filters) {
    const FieldDefinition& field = module.fields[filter.field];
    const std::string& label = field.label.in(visit.language);
    // The URL may have said "Panama" where "PA" is stored: its own words are taken away.
    for (const std::string& given : visit.request.query.all_of(field.name)) {
      if (given.empty()) continue;
      const auto stored = convert_value(field, given);
      const std::string shown =
          stored ? display_text(visit, field, *stored) : label_of(visit, field, given);
      add(label + ": " + shown, field.name, given);
    }
    for (const std::string end : {"from", "to"}) {
      const auto& bound = end == "from" ? filter.from : filter.to;
      if (!bound) continue;
      const auto value = convert_value(field, *bound);
      add(visit.text("list." + end, {{"label", label}}) + ": " +
              (value ? display_text(visit, field, *value) : *bound),
          field.name + "_" + end, std::nullopt);
    }
  }
  if (request.with_remarks_only) add(visit.text("list.flagged"), "flagged", std::nullopt);
  return chips;
}

json::Array columns_model(const service::Visit& visit, const ModuleDefinition& module,
                          const ListRequest& request) {
  json::Array columns;
  for (std::size_t i = 0; i < module.fields.size(); ++i) {
    const FieldDefinition& field = module.fields[i];
    if (!field.listed) continue;
    const bool sorted = request.sort_field == i;
    const bool ascending = sorted && !request.descending;
    const std::string& label = field.label.in(visit.language);
    json::Object column{{"label", label}, {"end", field.type == FieldType::integer}};
    if (field.sortable) {
      column.set("href",
                 list_href(visit, "sort", std::nullopt, (ascending ? "-" : "") + field.name));
      column.set("sort_label", visit.text("list.sort_by", {{"label", label}}));
      column.set("aria_sort", !sorted ? "none" : ascending ? "ascending" : "descending");
    }
    columns.emplace_back(std::move(column));
  }
  return columns;
}

std::string cell_html(const service::Visit& visit, const FieldDefinition& field,
                      const Record& record, std::size_t index) {
  std::string html = display_html(visit, field, record.values[index]);
  if (const Remark* remark = remark_on(record, index)) {
    if (html.empty()) html = "<bdi>" + escape_html(remark->given) + "</bdi>";
    html += fmt::format(" <span class=\"tag tag-warning\">{}</span>",
                        escape_html(reason_text(visit, remark->reason)));
  }
  return html;
}

// A remark on a column that the list does not show is still worth a look at the record.
bool has_hidden_remark(const ModuleDefinition& module, const Record& record) {
  return std::any_of(record.remarks.begin(), record.remarks.end(), [&](const Remark& remark) {
    return !remark.field || !module.fields[*remark.field].listed;
  });
}

json::Array rows_model(const service::Visit& visit, const ModuleDefinition& module,
                       const std::vector<Record>& records) {
  json::Array rows;
  for (const Record& record : records) {
    json::Array cells;
    for (std::size_t i = 0; i < module.fields.size(); ++i) {
      const FieldDefinition& field = module.fields[i];
      if (!field.listed) continue;
      std::string html = cell_html(visit, field, record, i);
      const bool is_first = cells.empty();
      if (is_first) {
        if (html.empty()) html = escape_html(visit.text("list.unnamed"));
        html = fmt::format("<a href=\"{}\">{}</a>",
                           escape_html(visit.link(record_path(module, record))), html);
        if (is_sample(module, record)) {
          html += fmt::format(" <span class=\"tag tag-sample\">{}</span>",
                              escape_html(visit.text("sample.tag")));
        }
        if (has_hidden_remark(module, record)) {
          html += fmt::format(" <span class=\"tag tag-warning\">{}</span>",
                              escape_html(visit.text("record.remarks")));
        }
      }
      cells.push_back(json::Object{{"label", field.label.in(visit.language)},
                                   {"html", html},
                                   {"is_header", is_first},
                                   {"is_empty", html.empty()},
                                   {"end", field.type == FieldType::integer}});
    }
    rows.push_back(json::Object{{"cells", std::move(cells)}});
  }
  return rows;
}

std::string same_list_as(const service::Visit& visit, const ModuleDefinition& module,
                         std::string_view extension) {
  // What a page passes over, such as a newsletter's mark, an export would refuse.
  const std::vector<std::string> known = ListRequest::names(module);
  http::Parameters query;
  for (const auto& [key, value] : visit.request.query.all()) {
    if (!is_paging(key) && std::ranges::find(known, key) != known.end()) query.add(key, value);
  }
  const std::string encoded = query.encode();
  return visit.link("/" + module.name) + std::string(extension) +
         (encoded.empty() ? "" : "?" + encoded);
}

std::string page_href(const service::Visit& visit, std::string_view name, const Record& record) {
  http::Parameters query;
  for (const auto& [key, value] : visit.request.query.all()) {
    if (!is_paging(key)) query.add(key, value);
  }
  query.add(std::string(name), record.key);
  return visit.request.path + "?" + query.encode();
}

std::string nothing_found(const service::Visit& visit, const ModuleDefinition& module,
                          const ListRequest& request) {
  if (!request.is_filtered()) {
    return service::empty_state(visit.text("list.empty_title"), visit.text("list.empty_text"));
  }
  return service::empty_state(visit.text("list.none_title"), visit.text("list.none_text"),
                              {visit.text("list.clear"), visit.link("/" + module.name)});
}

Result<std::string> unknown_notice(const service::Visit& visit, Registry& registry,
                                   const ModuleDefinition& module, const ListRequest& request) {
  if (request.unknown.empty()) return std::string();
  std::string html;
  for (const std::string& sentence : TRY(unknown_values(visit, registry, module, request))) {
    html += "<p>" + escape_html(sentence) + "</p>";
  }
  return service::notice(visit, service::Notice::error, html);
}

std::string fields_html(const std::vector<Field>& fields) {
  std::string html;
  for (const Field& field : fields) html += service::field(field);
  return html;
}

}  // namespace

Result<http::Response> list_page(service::Visit& visit, Registry& registry,
                                 const ModuleDefinition& module, const ListRequest& request) {
  const ListPage page = TRY(registry.list(module, request));
  const std::vector<Field> fields = TRY(filter_fields(visit, registry, module, request));
  const bool has_samples = TRY(registry.has_samples(module));
  const bool has_records = !page.records.empty();
  json::Array chips = active_filters(visit, module, request);
  const bool has_chips = !chips.empty();
  const std::string unknown = TRY(unknown_notice(visit, registry, module, request));
  json::Object model{
      {"unknown", unknown},
      {"action", visit.link("/" + module.name)},
      {"q", request.text},
      {"sort", visit.request.query.get("sort")},
      {"fields", fields_html(fields)},
      {"has_chips", has_chips},
      {"chips", std::move(chips)},
      {"found", visit.plural("list.found", static_cast<std::int64_t>(page.total))},
      {"caption", module.title.in(visit.language)},
      {"columns", columns_model(visit, module, request)},
      {"rows", rows_model(visit, module, page.records)},
      {"has_records", has_records},
      {"csv", same_list_as(visit, module, ".csv")},
      {"json", same_list_as(visit, module, ".json")},
      {"sample_notice", has_samples ? service::notice(visit, service::Notice::sample,
                                                      escape_html(visit.text("sample.list")))
                                    : ""},
      {"nothing", has_records ? "" : nothing_found(visit, module, request)},
      {"has_pages", page.has_previous || page.has_next},
      {"previous",
       page.has_previous && has_records ? page_href(visit, "before", page.records.front()) : ""},
      {"next", page.has_next && has_records ? page_href(visit, "after", page.records.back()) : ""}};
  return visit.page({.title = module.title.in(visit.language),
                     .description = module.description.in(visit.language),
                     .content = visit.render("list", model),
                     .status = unknown.empty() ? 200 : 400,
                     .breadcrumbs = {{visit.text("nav.modules"), visit.link("/")}},
                     .lead = module.description.in(visit.language)});
}

}  // namespace bulkhead::services::gisis
