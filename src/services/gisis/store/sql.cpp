#include "services/gisis/store/internal/sql.h"

#include <fmt/format.h>

#include "base/text.h"
#include "json/value.h"

namespace bulkhead::services::gisis::internal {
namespace {

database::Value bind(const FieldDefinition& field, const std::string& value) {
  if (field.type == FieldType::integer || field.type == FieldType::boolean) {
    const bool negative = value.starts_with('-');
    const auto digits = parse_u64(std::string_view(value).substr(negative ? 1 : 0));
    if (digits && *digits <= INT64_MAX) {
      const auto number = static_cast<std::int64_t>(*digits);
      return negative ? -number : number;
    }
  }
  return value;
}

FieldValue read_column(const FieldDefinition& field, const database::Row& row, int column) {
  if (field.type == FieldType::position) {
    if (row.text(column).empty() || row.text(column + 1).empty()) return {};
    return Position{row.real(column), row.real(column + 1)};
  }
  if (row.text(column).empty()) return {};
  if (field.type == FieldType::integer || field.type == FieldType::boolean) {
    return row.integer(column);
  }
  return std::string(row.text(column));
}

}  // namespace

std::string record_table(const ModuleDefinition& module) { return "record_" + module.name; }
std::string search_table(const ModuleDefinition& module) { return "search_" + module.name; }

std::vector<std::string> columns_of(const FieldDefinition& field) {
  if (field.type != FieldType::position) return {"f_" + field.name};
  return {"f_" + field.name + "_latitude", "f_" + field.name + "_longitude"};
}

std::string record_columns(const ModuleDefinition& module) {
  std::string columns = "id, key, remarks";
  for (const FieldDefinition& field : module.fields) {
    for (const std::string& column : columns_of(field)) columns += ", " + column;
  }
  return columns;
}

Record record_of(const ModuleDefinition& module, const database::Row& row) {
  Record record;
  record.key = row.text(1);
  record.remarks = read_remarks(module, row.text(2));
  int column = 3;
  for (const FieldDefinition& field : module.fields) {
    record.values.push_back(read_column(field, row, column));
    column += static_cast<int>(columns_of(field).size());
  }
  return record;
}

std::vector<database::Value> bind_record(const ModuleDefinition& module, const Record& record) {
  std::vector<database::Value> values = {record.key, write_remarks(module, record.remarks)};
  for (std::size_t i = 0; i < module.fields.size(); ++i) {
    const FieldValue& value = record.values[i];
    const bool is_position = module.fields[i].type == FieldType::position;
    if (const auto* position = std::get_if<Position>(&value)) {
      values.emplace_back(position->latitude_degrees);
      values.emplace_back(position->longitude_degrees);
    } else if (is_position) {
      values.insert(values.end(), 2, std::string());
    } else if (const auto* number = std::get_if<std::int64_t>(&value)) {
      values.emplace_back(*number);
    } else if (const auto* text = std::get_if<std::string>(&value)) {
      values.emplace_back(*text);
    } else {
      values.emplace_back(std::string());
    }
  }
  return values;
}

std::string write_remarks(const ModuleDefinition& module, const std::vector<Remark>& remarks) {
  if (remarks.empty()) return "";
  json::Array array;
  for (const Remark& remark : remarks) {
    array.emplace_back(
        json::Object{{"field", remark.field ? module.fields[*remark.field].name : ""},
                     {"reason", name_of(remark.reason)},
                     {"given", remark.given}});
  }
  return json::write(array);
}

std::vector<Remark> read_remarks(const ModuleDefinition& module, std::string_view text) {
  std::vector<Remark> remarks;
  if (text.empty()) return remarks;
  const auto parsed = json::parse(text);
  if (!parsed || parsed->array() == nullptr) return remarks;
  for (const json::Value& entry : *parsed->array()) {
    const std::string* field = entry["field"].string();
    const std::string* reason = entry["reason"].string();
    const std::string* given = entry["given"].string();
    const auto known = reason == nullptr ? std::nullopt : reason_of(*reason);
    if (field == nullptr || !known || given == nullptr) continue;
    remarks.push_back({module.find_field(*field), *known, *given});
  }
  return remarks;
}

void Where::add(std::string condition, std::vector<database::Value> more) {
  sql += (sql.empty() ? " WHERE " : " AND ") + condition;
  values.insert(values.end(), more.begin(), more.end());
}

Where where_of(const ModuleDefinition& module, const ListRequest& request,
               const FieldDefinition* except) {
  Where where;
  for (const Filter& filter : request.filters) {
    const FieldDefinition& field = module.fields[filter.field];
    if (&field == except) continue;
    const std::string column = "f_" + field.name;
    if (!filter.values.empty()) {
      std::string places;
      std::vector<database::Value> values;
      for (const std::string& value : filter.values) {
        places += places.empty() ? "?" : ", ?";
        values.push_back(bind(field, value));
      }
      where.add(fmt::format("{} IN ({})", column, places), std::move(values));
    }
    // '' stands for no value and must not lie within any range.
    if (filter.from || filter.to) where.add(column + " <> ''");
    if (filter.from) where.add(column + " >= ?", {bind(field, *filter.from)});
    if (filter.to) where.add(column + " <= ?", {bind(field, *filter.to)});
  }
  if (request.with_remarks_only) where.add("remarks <> ''");
  if (!request.text.empty()) {
    const std::string match = match_query(request.text);
    if (match.empty()) {
      where.add("0");
    } else {
      const std::string table = search_table(module);
      where.add(fmt::format("id IN (SELECT rowid FROM {} WHERE {} MATCH ?)", table, table),
                {match});
    }
  }
  return where;
}

std::string match_query(std::string_view text) {
  std::string query;
  std::string word;
  const auto end_word = [&] {
    if (word.empty()) return;
    query += (query.empty() ? "\"" : " \"") + word + '"';
    word.clear();
  };
  if (!is_valid_utf8(text)) return "";
  for (const char c : text) {
    // Letters of all scripts lie beyond ASCII; what else is ASCII only parts words.
    const bool letter = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                        (c >= 'A' && c <= 'Z') || static_cast<unsigned char>(c) >= 0x80;
    if (letter) {
      word += c;
    } else {
      end_word();
    }
  }
  end_word();
  if (!query.empty()) query += '*';
  return query;
}

}  // namespace bulkhead::services::gisis::internal
