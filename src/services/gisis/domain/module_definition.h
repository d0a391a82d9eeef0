// A module of the registry, as its definition file says it: which fields a record has, how they are
// read from a file, and how they are shown. Definitions are TOML
// (docs/formats/module-definition.md); nothing in the program knows of ships or ports. Immutable
// once read.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "services/gisis/domain/date.h"
#include "services/gisis/domain/localized.h"

namespace bulkhead::services::gisis {

enum class FieldType {
  text,
  long_text,
  integer,
  date,
  imo_number,
  company_number,
  mmsi,
  position,
  country,
  boolean,
  choice,
};

// As definitions call it: "long_text".
std::string_view name_of(FieldType type);

// What an import does with a value that its type does not accept.
enum class OnInvalid {
  refuse,  // the row is refused, and kept with its reason
  flag,    // the value is kept as it was given, with a remark
  keep,    // the value is kept as it was given
};

struct ChoiceDefinition {
  std::string value;
  LocalizedText label;
  std::vector<std::string> also;  // other spellings in files
};

struct FieldDefinition {
  std::string name;  // a-z, digits and '_': the column, the JSON key and the URL parameter
  FieldType type = FieldType::text;
  LocalizedText label;
  // Headers that a file may use for it, besides the name and the English label.
  std::vector<std::string> columns;
  // Of a position that a file gives in two columns.
  std::vector<std::string> latitude_columns;
  std::vector<std::string> longitude_columns;
  // Cells that mean "no value": "-", "NA".
  std::vector<std::string> empty_values;
  OnInvalid on_invalid = OnInvalid::refuse;
  bool required = false;
  bool listed = false;
  bool searchable = false;
  bool filterable = false;
  bool sortable = false;
  std::size_t length_max = 0;
  std::int64_t least = INT64_MIN;
  std::int64_t most = INT64_MAX;
  bool grouped = false;  // integers: shown with separators of thousands, as years are not
  DateRule dates;
  std::vector<ChoiceDefinition> choices;
  // The module whose record this value is the key of; empty: none.
  std::string links_to;

  const ChoiceDefinition* find_choice(std::string_view value) const;
};

struct ModuleDefinition {
  std::string name;  // the path segment
  int order = 0;     // among the modules, ascending
  LocalizedText title;
  LocalizedText description;
  std::vector<FieldDefinition> fields;
  // Indexes of the fields that a record's key is made of. With content_in_key a hash of all values
  // is added, for records that nothing else tells apart.
  std::vector<std::size_t> key;
  bool content_in_key = false;
  std::vector<std::size_t> heading;  // fields that name a record on its page
  std::size_t sort_field = 0;
  bool sort_descending = false;
  // The boolean field that marks invented records.
  std::optional<std::size_t> sample_field;

  std::optional<std::size_t> find_field(std::string_view name) const;

  // `name` stands for the file's name in errors, which name line and key.
  static Result<ModuleDefinition> parse(std::string_view toml, std::string_view name);
};

}  // namespace bulkhead::services::gisis
