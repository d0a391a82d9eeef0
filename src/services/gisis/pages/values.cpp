#include "services/gisis/pages/values.h"

#include <cmath>

#include <fmt/format.h>

#include "base/text.h"
#include "http/url.h"
#include "services/gisis/domain/country.h"

namespace bulkhead::services::gisis {
namespace {

std::string date_text(const service::Visit& visit, const std::string& iso) {
  const auto date = parse_date(iso, DateRule{});
  if (!date) return iso;
  return visit.short_date(WallTime(std::chrono::sys_days(*date)));
}

bool is_identifier(FieldType type) {
  return type == FieldType::imo_number || type == FieldType::company_number ||
         type == FieldType::mmsi;
}

// Six decimals of a degree are a tenth of a metre; more would be noise of the conversion.
double rounded_degrees(double degrees) { return std::round(degrees * 1e6) / 1e6; }

json::Value value_json(const FieldDefinition& field, const FieldValue& value) {
  if (const auto* position = std::get_if<Position>(&value)) {
    return json::Object{{"latitude", rounded_degrees(position->latitude_degrees)},
                        {"longitude", rounded_degrees(position->longitude_degrees)},
                        {"text", format_position(*position)}};
  }
  if (const auto* number = std::get_if<std::int64_t>(&value)) {
    if (field.type == FieldType::boolean) return *number != 0;
    return *number;
  }
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  return nullptr;
}

}  // namespace

std::string label_of(const service::Visit& visit, const FieldDefinition& field,
                     std::string_view stored) {
  if (field.type == FieldType::boolean) {
    return visit.text(stored == "1" ? "record.yes" : "record.no");
  }
  if (field.type == FieldType::country) return country_name(stored, visit.language);
  if (const ChoiceDefinition* choice = field.find_choice(stored)) {
    return choice->label.in(visit.language);
  }
  return std::string(stored);
}

std::string display_text(const service::Visit& visit, const FieldDefinition& field,
                         const FieldValue& value) {
  if (const auto* position = std::get_if<Position>(&value)) return format_position(*position);
  if (const auto* number = std::get_if<std::int64_t>(&value)) {
    if (field.type == FieldType::boolean) return label_of(visit, field, *number ? "1" : "0");
    return field.grouped ? visit.number(*number) : std::to_string(*number);
  }
  const auto* text = std::get_if<std::string>(&value);
  if (text == nullptr) return "";
  switch (field.type) {
    case FieldType::date: return date_text(visit, *text);
    case FieldType::country:
    case FieldType::choice: return label_of(visit, field, *text);
    default: return *text;
  }
}

std::string display_html(const service::Visit& visit, const FieldDefinition& field,
                         const FieldValue& value) {
  const std::string text = escape_html(display_text(visit, field, value));
  if (text.empty()) return "";
  if (is_identifier(field.type)) return "<bdi class=\"identifier\" dir=\"ltr\">" + text + "</bdi>";
  if (field.type == FieldType::position) {
    return "<bdi dir=\"ltr\" class=\"position\">" + text + "</bdi>";
  }
  if (field.type == FieldType::long_text)
    return "<p class=\"given-text\" dir=\"auto\">" + text + "</p>";
  if (field.type == FieldType::text) return "<bdi>" + text + "</bdi>";
  return text;
}

const Remark* remark_on(const Record& record, std::size_t field) {
  for (const Remark& remark : record.remarks) {
    if (remark.field == field) return &remark;
  }
  return nullptr;
}

std::string reason_text(const service::Visit& visit, Reason reason) {
  return visit.text("reason." + std::string(name_of(reason)));
}

std::string heading_of(const service::Visit& visit, const ModuleDefinition& module,
                       const Record& record) {
  std::string heading;
  for (std::size_t i = 0; i < module.heading.size(); ++i) {
    const std::size_t index = module.heading[i];
    std::string text = display_text(visit, module.fields[index], record.values[index]);
    // A record may be named by a date; what is first says what it is.
    if (text.empty() && i == 0) text = visit.text("list.unnamed");
    if (text.empty()) continue;
    heading += (heading.empty() ? "" : " – ") + text;
  }
  return heading;
}

bool is_sample(const ModuleDefinition& module, const Record& record) {
  return module.sample_field && record.values[*module.sample_field] == FieldValue(std::int64_t{1});
}

std::string record_path(const ModuleDefinition& module, const Record& record) {
  return "/" + module.name + "/" + http::percent_encode(record.key);
}

std::string url_prefix(const service::Visit& visit) { return visit.origin() + visit.link(""); }

json::Object record_json(std::string_view url_prefix, const ModuleDefinition& module,
                         const Record& record) {
  json::Object fields;
  for (std::size_t i = 0; i < module.fields.size(); ++i) {
    fields.set(module.fields[i].name, value_json(module.fields[i], record.values[i]));
  }
  json::Array remarks;
  for (const Remark& remark : record.remarks) {
    remarks.emplace_back(
        json::Object{{"field", remark.field ? module.fields[*remark.field].name : ""},
                     {"reason", name_of(remark.reason)},
                     {"given", remark.given}});
  }
  return json::Object{{"key", record.key},
                      {"url", std::string(url_prefix) + record_path(module, record)},
                      {"fields", std::move(fields)},
                      {"remarks", std::move(remarks)}};
}

}  // namespace bulkhead::services::gisis
