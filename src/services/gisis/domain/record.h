// One record of a module, and how a row of a file becomes one. Nothing that a file says is dropped:
// a value that its type does not accept refuses the row (which is kept with the reason), or stays
// with a remark, as the field's definition says.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "services/gisis/domain/csv.h"
#include "services/gisis/domain/module_definition.h"
#include "services/gisis/domain/position.h"
#include "services/gisis/domain/reason.h"

namespace bulkhead::services::gisis {

// Nothing; integer and boolean (0, 1); text, date ("1994-07-22"), numbers of ships, country code,
// choice value; position.
using FieldValue = std::variant<std::monostate, std::int64_t, std::string, Position>;

struct Remark {
  std::optional<std::size_t> field;  // none: about the row as a whole
  Reason reason = Reason::missing;
  std::string given;  // what the file says
};

struct Record {
  std::string key;                 // a path segment: a-z, digits and '-'
  std::vector<FieldValue> values;  // one a field, in the definition's order
  std::vector<Remark> remarks;
};

struct ConvertedRow {
  Record record;
  std::vector<Remark> refusals;  // any: the row is refused
};

// Which cell of a row belongs to which field.
struct ColumnMap {
  struct Source {
    std::optional<std::size_t> column;
    std::optional<std::size_t> latitude_column;
    std::optional<std::size_t> longitude_column;
  };
  std::vector<Source> sources;  // one a field
  std::vector<std::string> header;
  std::vector<std::string> unused;  // headers that no field takes

  // Kind invalid where a required field has no column; the message names what was looked for.
  static Result<ColumnMap> match(const ModuleDefinition& module,
                                 std::span<const std::string> header);
};

// One value by the rules of its field's type, without its on_invalid.
Parsed<FieldValue> convert_value(const FieldDefinition& field, std::string_view text);

ConvertedRow convert_row(const ModuleDefinition& module, const ColumnMap& columns,
                         const CsvRow& row);

// The words of a record that the search looks into.
std::string searchable_text(const ModuleDefinition& module, const Record& record);

}  // namespace bulkhead::services::gisis
