// The form parts of components.h.
#include "base/text.h"
#include "service/components.h"

namespace bulkhead::service {
namespace {

std::string attribute(std::string_view name, std::string_view value) {
  return " " + std::string(name) + "=\"" + escape_html(value) + "\"";
}

std::string_view input_type(FieldKind kind) {
  switch (kind) {
    case FieldKind::search: return "search";
    case FieldKind::number: return "number";
    case FieldKind::date: return "date";
    case FieldKind::text:
    case FieldKind::choice:
    case FieldKind::checkbox: return "text";
  }
  return "text";
}

// id, name, and what says which hint and error belong to the field.
std::string common_attributes(const Field& field) {
  const std::string id = "field-" + field.name;
  std::string out = attribute("id", id) + attribute("name", field.name);
  std::string described_by;
  if (!field.hint.empty()) described_by = id + "-hint";
  if (!field.error.empty()) described_by += (described_by.empty() ? "" : " ") + id + "-error";
  if (!described_by.empty()) out += attribute("aria-describedby", described_by);
  if (!field.error.empty()) out += " aria-invalid=\"true\"";
  if (!field.autocomplete.empty()) out += attribute("autocomplete", field.autocomplete);
  return out;
}

std::string control(const Field& field) {
  if (field.kind != FieldKind::choice) {
    return "<input" + attribute("type", input_type(field.kind)) + common_attributes(field) +
           attribute("value", field.value) + ">";
  }
  std::string out = "<select" + common_attributes(field) + ">";
  for (const Choice& choice : field.choices) {
    out += "<option" + attribute("value", choice.value) +
           (choice.value == field.value ? " selected" : "") + ">" + escape_html(choice.label) +
           "</option>";
  }
  return out + "</select>";
}

}  // namespace

std::string field(const Field& field) {
  const std::string id = "field-" + field.name;
  const std::string label =
      "<label" + attribute("for", id) + ">" + escape_html(field.label) + "</label>";
  if (field.kind == FieldKind::checkbox) {
    return "<div class=\"field field-checkbox\"><input type=\"checkbox\"" +
           common_attributes(field) + " value=\"1\"" + (field.value == "1" ? " checked" : "") +
           ">" + label + "</div>";
  }
  std::string out = "<div class=\"field\">" + label;
  if (!field.hint.empty()) {
    out += "<p class=\"field-hint\"" + attribute("id", id + "-hint") + ">" +
           escape_html(field.hint) + "</p>";
  }
  if (!field.error.empty()) {
    out += "<p class=\"field-error\"" + attribute("id", id + "-error") + ">" +
           escape_html(field.error) + "</p>";
  }
  return out + control(field) + "</div>";
}

std::string filter_form(const Visit& visit, std::string_view action,
                        const std::vector<Field>& fields) {
  bool any = false;
  std::string out = "<form class=\"filter-form\" method=\"get\" role=\"search\"" +
                    attribute("action", action) +
                    " data-island=\"filters\"><div class=\"filter-fields\">";
  for (const Field& one : fields) {
    any = any || !one.value.empty();
    out += field(one);
  }
  out += "</div><div class=\"filter-actions\"><button type=\"submit\" class=\"button\">" +
         escape_html(visit.text("kit.filter.apply")) + "</button>";
  if (any) {
    out += "<a class=\"button button-quiet\"" + attribute("href", action) + ">" +
           escape_html(visit.text("kit.filter.clear")) + "</a>";
  }
  return out + "</div></form>";
}

std::string search_form(const Visit& visit, std::string_view action, std::string_view label,
                        std::string_view value) {
  return "<form class=\"search-form\" method=\"get\" role=\"search\"" +
         attribute("action", action) + "><label for=\"search-q\">" + escape_html(label) +
         "</label><div class=\"search-row\"><input type=\"search\" id=\"search-q\" name=\"q\"" +
         attribute("value", value) + "><button type=\"submit\" class=\"button\">" +
         escape_html(visit.text("kit.search.button")) + "</button></div></form>";
}

}  // namespace bulkhead::service
