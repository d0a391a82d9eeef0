#include "services/gisis/domain/module_definition.h"

#include <algorithm>

#include "base/check.h"

namespace bulkhead::services::gisis {
namespace {

constexpr std::size_t kFieldsMax = 64;
constexpr std::size_t kTextLengthMax = 200;
constexpr std::size_t kLongTextLengthMax = 20'000;
// The word in `key` that stands for a hash of the whole record.
constexpr std::string_view kContentKey = "content";
// These would clash with the pages' own paths and parameters.
constexpr std::string_view kReservedModules[] = {"imports", "assets", "data"};
constexpr std::string_view kReservedFields[] = {"q",   "sort",  "after",   "before",
                                                "key", "limit", "flagged", kContentKey};

constexpr std::pair<std::string_view, FieldType> kTypes[] = {
    {"text", FieldType::text},
    {"long_text", FieldType::long_text},
    {"integer", FieldType::integer},
    {"date", FieldType::date},
    {"imo_number", FieldType::imo_number},
    {"company_number", FieldType::company_number},
    {"mmsi", FieldType::mmsi},
    {"position", FieldType::position},
    {"country", FieldType::country},
    {"boolean", FieldType::boolean},
    {"choice", FieldType::choice},
};

constexpr std::pair<std::string_view, DateForm> kDateForms[] = {
    {"iso", DateForm::iso},
    {"month_day_year", DateForm::month_day_year},
    {"day_month_year", DateForm::day_month_year},
};

template <typename T, std::size_t N>
std::vector<std::string> names_in(const std::pair<std::string_view, T> (&table)[N]) {
  std::vector<std::string> names;
  for (const auto& [name, value] : table) names.emplace_back(name);
  return names;
}

template <typename T, std::size_t N>
std::optional<T> find_in(const std::pair<std::string_view, T> (&table)[N], std::string_view name) {
  for (const auto& [known, value] : table) {
    if (known == name) return value;
  }
  return std::nullopt;
}

template <std::size_t N>
bool is_one_of(const std::string_view (&words)[N], std::string_view word) {
  return std::find(std::begin(words), std::end(words), word) != std::end(words);
}

// Names become columns, so that nothing but these characters may be in them.
bool is_name(std::string_view name) {
  return !name.empty() && name.size() <= 40 && name[0] >= 'a' && name[0] <= 'z' &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string_view::npos;
}

Result<std::vector<ChoiceDefinition>> read_choices(const config::Table& table) {
  std::vector<ChoiceDefinition> choices;
  for (const config::Table& entry : TRY(table.tables("choice"))) {
    ChoiceDefinition choice;
    choice.value = TRY(entry.string("value"));
    choice.label = TRY(LocalizedText::read(entry, "label"));
    choice.also = TRY(entry.strings("also"));
    const auto same = [&](const auto& other) { return other.value == choice.value; };
    if (choice.value.empty() || std::any_of(choices.begin(), choices.end(), same)) {
      return std::unexpected(entry.error_at("value", "must be there, and only once"));
    }
    choices.push_back(std::move(choice));
  }
  return choices;
}

Result<void> read_dates(const config::Table& table, FieldDefinition& field) {
  const auto forms = TRY(table.strings("forms"));
  if (!forms.empty()) field.dates.forms.clear();
  for (const std::string& name : forms) {
    const auto form = find_in(kDateForms, name);
    if (!form) {
      return std::unexpected(
          table.error_at("forms", "'" + name + "' is none of iso, month_day_year, day_month_year"));
    }
    field.dates.forms.push_back(*form);
  }
  field.dates.window_first_year = static_cast<int>(
      TRY(table.integer("window_first_year", {.least = 1000, .most = 9899}, 1950)));
  return {};
}

Result<void> read_type_options(const config::Table& table, FieldDefinition& field) {
  switch (field.type) {
    case FieldType::text:
    case FieldType::long_text: {
      const bool is_long = field.type == FieldType::long_text;
      const std::int64_t usual = is_long ? kLongTextLengthMax : kTextLengthMax;
      field.length_max = static_cast<std::size_t>(
          TRY(table.integer("length_max", {.least = 1, .most = kLongTextLengthMax}, usual)));
      return {};
    }
    case FieldType::integer:
      field.least = TRY(table.integer("least", {}, INT64_MIN));
      field.most = TRY(table.integer("most", {}, INT64_MAX));
      field.grouped = TRY(table.boolean("grouped", false));
      if (field.least > field.most) {
        return std::unexpected(table.error_at("most", "must not be below `least`"));
      }
      return {};
    case FieldType::date: return read_dates(table, field);
    case FieldType::position:
      field.latitude_columns = TRY(table.strings("latitude_columns"));
      field.longitude_columns = TRY(table.strings("longitude_columns"));
      return {};
    case FieldType::choice:
      field.choices = TRY(read_choices(table));
      if (field.choices.empty()) {
        return std::unexpected(table.error_at("choice", "a field of type choice needs some"));
      }
      return {};
    case FieldType::imo_number:
    case FieldType::company_number:
    case FieldType::mmsi:
    case FieldType::country:
    case FieldType::boolean: return {};
  }
  return {};
}

Result<FieldDefinition> read_field(const config::Table& table) {
  FieldDefinition field;
  field.name = TRY(table.string("name"));
  if (!is_name(field.name) || is_one_of(kReservedFields, field.name)) {
    return std::unexpected(table.error_at(
        "name", "'" + field.name + "' is reserved, or not a-z, digits and _ from a letter on"));
  }
  field.type = *find_in(kTypes, TRY(table.one_of("type", names_in(kTypes))));
  field.label = TRY(LocalizedText::read(table, "label"));
  field.columns = TRY(table.strings("columns"));
  field.empty_values = TRY(table.strings("empty_values"));
  const std::string policy = TRY(table.one_of("on_invalid", {"refuse", "flag", "keep"}, "refuse"));
  field.on_invalid = policy == "flag"   ? OnInvalid::flag
                     : policy == "keep" ? OnInvalid::keep
                                        : OnInvalid::refuse;
  field.required = TRY(table.boolean("required", false));
  field.listed = TRY(table.boolean("listed", false));
  field.searchable = TRY(table.boolean("searchable", false));
  field.filterable = TRY(table.boolean("filterable", false));
  field.sortable = TRY(table.boolean("sortable", false));
  field.links_to = TRY(table.string("links_to", ""));
  TRY(read_type_options(table, field));
  const bool unsuitable = field.type == FieldType::position || field.type == FieldType::long_text;
  if (unsuitable && (field.filterable || field.sortable)) {
    return std::unexpected(table.error_at(
        field.filterable ? "filterable" : "sortable",
        "positions and long texts can be searched and shown, not filtered or sorted"));
  }
  return field;
}

Result<std::vector<std::size_t>> read_field_list(const config::Table& root, std::string_view key,
                                                 const ModuleDefinition& module) {
  std::vector<std::size_t> indexes;
  for (const std::string& name : TRY(root.strings(key))) {
    if (name == kContentKey && key == "key") continue;
    const auto index = module.find_field(name);
    if (!index) return std::unexpected(root.error_at(key, "there is no field '" + name + "'"));
    indexes.push_back(*index);
  }
  return indexes;
}

Result<void> read_key(const config::Table& root, ModuleDefinition& module) {
  const auto names = TRY(root.strings("key"));
  module.content_in_key = std::find(names.begin(), names.end(), kContentKey) != names.end();
  module.key = TRY(read_field_list(root, "key", module));
  if (names.empty()) {
    return std::unexpected(root.error_at(
        "key", "name the fields that tell records apart, or \"content\" for all of them"));
  }
  if (module.content_in_key) return {};
  for (const std::size_t index : module.key) {
    const FieldDefinition& field = module.fields[index];
    if (!field.required || field.on_invalid != OnInvalid::refuse) {
      return std::unexpected(root.error_at(
          "key", "field '" + field.name + "' must be required and refuse invalid values"));
    }
  }
  return {};
}

Result<void> read_order(const config::Table& root, ModuleDefinition& module) {
  std::string sort = TRY(root.string("sort"));
  module.sort_descending = sort.starts_with('-');
  if (module.sort_descending) sort.erase(0, 1);
  const auto index = module.find_field(sort);
  if (!index || !module.fields[*index].sortable) {
    return std::unexpected(root.error_at("sort", "'" + sort + "' is no sortable field"));
  }
  module.sort_field = *index;
  return {};
}

}  // namespace

std::string_view name_of(FieldType type) {
  for (const auto& [name, value] : kTypes) {
    if (value == type) return name;
  }
  CHECK(false);
}

const ChoiceDefinition* FieldDefinition::find_choice(std::string_view value) const {
  for (const ChoiceDefinition& choice : choices) {
    if (choice.value == value) return &choice;
  }
  return nullptr;
}

std::optional<std::size_t> ModuleDefinition::find_field(std::string_view field_name) const {
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (fields[i].name == field_name) return i;
  }
  return std::nullopt;
}

Result<ModuleDefinition> ModuleDefinition::parse(std::string_view toml, std::string_view name) {
  const config::Document document = TRY(config::Document::parse(toml, name));
  const config::Table root = document.root();
  ModuleDefinition module;
  module.name = TRY(root.string("name"));
  if (!is_name(module.name) || is_one_of(kReservedModules, module.name)) {
    return std::unexpected(root.error_at(
        "name", "'" + module.name + "' is reserved, or not a-z, digits and _ from a letter on"));
  }
  module.order = static_cast<int>(TRY(root.integer("order", {.least = 0, .most = 1000}, 100)));
  module.title = TRY(LocalizedText::read(root, "title"));
  module.description = TRY(LocalizedText::read(root, "description"));
  for (const config::Table& table : TRY(root.tables("field"))) {
    if (module.fields.size() == kFieldsMax) {
      return std::unexpected(root.error_at("field", "a module has at most 64 fields"));
    }
    FieldDefinition field = TRY(read_field(table));
    if (module.find_field(field.name)) {
      return std::unexpected(table.error_at("name", "'" + field.name + "' is there twice"));
    }
    module.fields.push_back(std::move(field));
  }
  if (module.fields.empty()) {
    return std::unexpected(root.error_at("field", "a module needs at least one [[field]]"));
  }
  TRY(read_key(root, module));
  module.heading = TRY(read_field_list(root, "heading", module));
  if (module.heading.empty()) {
    return std::unexpected(root.error_at("heading", "name the fields that name a record"));
  }
  TRY(read_order(root, module));
  const std::string sample = TRY(root.string("sample_field", ""));
  if (!sample.empty()) {
    module.sample_field = module.find_field(sample);
    if (!module.sample_field || module.fields[*module.sample_field].type != FieldType::boolean) {
      return std::unexpected(root.error_at("sample_field", "'" + sample + "' is no boolean field"));
    }
  }
  TRY(document.refuse_unknown_keys());
  return module;
}

}  // namespace bulkhead::services::gisis
