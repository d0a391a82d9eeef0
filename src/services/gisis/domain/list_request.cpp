#include "services/gisis/domain/list_request.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/text.h"
#include "services/gisis/domain/record.h"

namespace bulkhead::services::gisis {
namespace {

constexpr std::size_t kSearchLengthMax = 200;
constexpr std::size_t kFilterValuesMax = 50;

// "1994" stands for its first or last day.
Result<std::string> date_bound(const FieldDefinition& field, std::string_view text, bool last) {
  std::string date(trim(text));
  if (date.size() == 4) date += last ? "-12-31" : "-01-01";
  const auto parsed = parse_date(date, DateRule{});
  if (!parsed) {
    return fail(ErrorKind::invalid,
                fmt::format("{}: \"{}\" is no date; write 2020-09-30 or 2020", field.name, text));
  }
  return format_date(*parsed);
}

Result<std::string> integer_bound(const FieldDefinition& field, std::string_view text) {
  text = trim(text);
  std::int64_t value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc() || end != text.data() + text.size()) {
    return fail(ErrorKind::invalid, fmt::format("{}: \"{}\" is no number", field.name, text));
  }
  return std::to_string(value);
}

Result<std::optional<std::string>> bound(const FieldDefinition& field,
                                         const http::Parameters& query, bool last) {
  const std::string text = query.get(field.name + (last ? "_to" : "_from"));
  if (trim(text).empty()) return std::nullopt;
  if (field.type == FieldType::date) return TRY(date_bound(field, text, last));
  if (field.type == FieldType::integer) return TRY(integer_bound(field, text));
  return std::nullopt;
}

std::string stored_form(const FieldValue& value, const std::string& text) {
  if (const auto* word = std::get_if<std::string>(&value)) return *word;
  if (const auto* number = std::get_if<std::int64_t>(&value)) return std::to_string(*number);
  return text;
}

// As the import would have stored it; what it would not have accepted is looked for as it is, since
// some fields keep such values.
void add_value(ListRequest& request, const FieldDefinition& field, Filter& filter,
               const std::string& text) {
  const auto value = convert_value(field, text);
  if (!value && field.on_invalid != OnInvalid::keep) {
    request.unknown.push_back({.field = filter.field, .given = text, .reason = value.error()});
  }
  filter.values.push_back(value ? stored_form(*value, text) : text);
}

Result<void> parse_sort(const ModuleDefinition& module, std::string sort, ListRequest& request) {
  request.sort_field = module.sort_field;
  request.descending = module.sort_descending;
  if (sort.empty()) return {};
  const bool descending = sort.starts_with('-');
  if (descending) sort.erase(0, 1);
  const auto field = module.find_field(sort);
  if (!field || !module.fields[*field].sortable) {
    return fail(ErrorKind::invalid, fmt::format("sort: \"{}\" is no field to sort by", sort));
  }
  request.sort_field = *field;
  request.descending = descending;
  return {};
}

}  // namespace

Result<ListRequest> ListRequest::parse(const ModuleDefinition& module,
                                       const http::Parameters& query) {
  ListRequest request;
  request.text = std::string(trim(query.get("q")));
  if (request.text.size() > kSearchLengthMax) {
    return fail(ErrorKind::limit, "q: a search has at most 200 bytes");
  }
  request.with_remarks_only = query.get("flagged") == "1";
  request.after = query.get("after");
  request.before = query.get("before");
  if (!request.after.empty() && !request.before.empty()) {
    return fail(ErrorKind::invalid, "after and before exclude each other");
  }
  TRY(parse_sort(module, query.get("sort"), request));
  if (const std::string limit = query.get("limit"); !limit.empty()) {
    const auto number = parse_u64(limit);
    if (!number || *number == 0 || *number > kPageSizeMax) {
      return fail(ErrorKind::invalid, "limit: a number from 1 to 1000");
    }
    request.limit = *number;
  }
  for (std::size_t i = 0; i < module.fields.size(); ++i) {
    const FieldDefinition& field = module.fields[i];
    if (!field.filterable) continue;
    Filter filter{.field = i, .values = {}, .from = {}, .to = {}};
    filter.from = TRY(bound(field, query, false));
    filter.to = TRY(bound(field, query, true));
    for (const std::string& value : query.all_of(field.name)) {
      if (value.empty()) continue;
      if (filter.values.size() == kFilterValuesMax) {
        return fail(ErrorKind::limit, field.name + ": at most 50 values at a time");
      }
      add_value(request, field, filter, value);
    }
    if (!filter.values.empty() || filter.from || filter.to) request.filters.push_back(filter);
  }
  return request;
}

std::vector<std::string> ListRequest::names(const ModuleDefinition& module) {
  std::vector<std::string> out = {"q", "flagged", "sort", "limit", "after", "before"};
  for (const FieldDefinition& field : module.fields) {
    if (!field.filterable) continue;
    out.push_back(field.name);
    if (field.type != FieldType::date && field.type != FieldType::integer) continue;
    out.push_back(field.name + "_from");
    out.push_back(field.name + "_to");
  }
  return out;
}

Result<void> ListRequest::refuse_other_names(const ModuleDefinition& module,
                                             const http::Parameters& query) {
  const std::vector<std::string> known = names(module);
  for (const auto& [name, value] : query.all()) {
    if (std::ranges::find(known, name) != known.end()) continue;
    return fail(ErrorKind::invalid, fmt::format("{}: is no parameter of this list; use {}", name,
                                                fmt::join(known, ", ")));
  }
  return {};
}

const Filter* ListRequest::find(std::size_t field) const {
  for (const Filter& filter : filters) {
    if (filter.field == field) return &filter;
  }
  return nullptr;
}

}  // namespace bulkhead::services::gisis
