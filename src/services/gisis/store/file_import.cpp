#include "services/gisis/store/internal/file_import.h"

#include <fmt/format.h>

#include "json/value.h"
#include "services/gisis/store/internal/sql.h"

namespace bulkhead::services::gisis::internal {
namespace {

using database::Connection;
using database::Row;
using database::Value;

Value value_of(std::uint64_t count) { return static_cast<std::int64_t>(count); }

// One row as CSV, whatever bytes are in it: nothing of a refused row may be lost.
std::string write_row(const std::vector<std::string>& cells) {
  std::string line;
  for (const std::string& cell : cells) append_csv_cell(line, cell, CellKind::data);
  return line;
}

// The row that a record is made of, with the columns that no field takes.
std::string write_source(const ColumnMap& columns, const CsvRow& row) {
  std::vector<json::Member> members;
  for (std::size_t i = 0; i < row.cells.size(); ++i) {
    if (!row.cells[i].empty()) members.push_back({columns.header[i], row.cells[i]});
  }
  return json::write(json::Object(std::move(members)));
}

}  // namespace

std::string write_list(const std::vector<std::string>& list) {
  json::Array array;
  for (const std::string& entry : list) array.emplace_back(entry);
  return json::write(array);
}

FileImport::FileImport(Connection& connection, const ModuleDefinition& module,
                       ImportSummary& summary, WallTime now)
    : connection_(connection),
      module_(module),
      summary_(summary),
      now_ms_(
          std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count()) {}

Result<void> FileImport::begin(std::string_view fingerprint) {
  TRY(connection_.execute(
      "INSERT INTO import (module, source, fingerprint, started_at, failure, header, "
      "unused_columns, row_count, added, replaced, unchanged, flagged, refused) "
      "VALUES (?, ?, ?, ?, ?, '[]', '[]', 0, 0, 0, 0, 0, 0)",
      {module_.name, summary_.source, std::string(fingerprint), summary_.started_at,
       summary_.failure}));
  summary_.id = connection_.last_insert_id();
  return {};
}

Result<void> FileImport::read(CsvReader& reader) {
  const auto header = TRY(reader.next());
  if (!header) return fail(ErrorKind::invalid, "the file is empty: not even a header is there");
  columns_ = TRY(ColumnMap::match(module_, header->cells));
  summary_.unused_columns = columns_.unused;
  while (const auto row = TRY(reader.next())) {
    ++summary_.rows;
    TRY(take(*row));
  }
  return {};
}

Result<void> FileImport::finish() {
  TRY(connection_.execute(
      "UPDATE import SET header = ?, unused_columns = ?, row_count = ?, added = ?, replaced = ?, "
      "unchanged = ?, flagged = ?, refused = ? WHERE id = ?",
      {write_list(columns_.header), write_list(summary_.unused_columns), value_of(summary_.rows),
       value_of(summary_.added), value_of(summary_.replaced), value_of(summary_.unchanged),
       value_of(summary_.flagged), value_of(summary_.refused), summary_.id}));
  if (summary_.added + summary_.replaced == 0) return {};
  // By the clock, so that a database that was set back and went on another way does not come to
  // a version that it had before.
  TRY(connection_.execute(
      "UPDATE module_version SET version = MAX(version + 1, ?) WHERE module = ?",
      {now_ms_, module_.name}));
  return {};
}

Result<void> FileImport::take(const CsvRow& row) {
  ConvertedRow converted = convert_row(module_, columns_, row);
  if (converted.refusals.empty() && !keys_.insert(converted.record.key).second) {
    converted.refusals.push_back({std::nullopt, Reason::duplicate_in_file, converted.record.key});
  }
  if (!converted.refusals.empty()) return refuse(row, converted.refusals);
  if (!converted.record.remarks.empty()) ++summary_.flagged;
  TRY(note(row, converted.record.remarks, false));
  return store(row, converted.record);
}

Result<void> FileImport::note(const CsvRow& row, const std::vector<Remark>& remarks, bool refused) {
  for (const Remark& remark : remarks) {
    TRY(connection_.execute(
        "INSERT INTO finding VALUES (?, ?, ?, ?, ?, ?, ?)",
        {summary_.id, value_of(row.number), value_of(row.line), std::int64_t{refused},
         remark.field ? module_.fields[*remark.field].name : "",
         std::string(name_of(remark.reason)), remark.given}));
  }
  return {};
}

Result<void> FileImport::refuse(const CsvRow& row, const std::vector<Remark>& reasons) {
  ++summary_.refused;
  TRY(note(row, reasons, true));
  std::string names;
  for (const Remark& remark : reasons) {
    names += (names.empty() ? "" : " ") + std::string(name_of(remark.reason));
  }
  TRY(connection_.execute("INSERT INTO refused_row VALUES (?, ?, ?, ?)",
                          {summary_.id, value_of(row.number), write_row(row.cells), names}));
  return {};
}

Result<void> FileImport::store(const CsvRow& row, const Record& record) {
  const std::string table = record_table(module_);
  std::optional<std::int64_t> id;
  std::vector<Value> stored;
  TRY(connection_.query(
      fmt::format("SELECT {} FROM {} WHERE key = ?", record_columns(module_), table), {record.key},
      [&](const Row& found) {
        id = found.integer(0);
        stored = bind_record(module_, record_of(module_, found));
        return true;
      }));
  std::vector<Value> values = bind_record(module_, record);
  if (id && stored == values) {
    ++summary_.unchanged;
    return {};
  }
  if (id) {
    TRY(keep_earlier(table, *id, record.key));
    ++summary_.replaced;
  } else {
    ++summary_.added;
  }
  values.insert(values.begin(), id ? Value(*id) : Value(nullptr));
  values.emplace_back(write_source(columns_, row));
  values.emplace_back(summary_.id);
  TRY(connection_.execute(insert_sql(table, values.size()), values));
  return make_searchable(id, record);
}

// What is replaced stays readable for whoever must know what was said before.
Result<void> FileImport::keep_earlier(const std::string& table, std::int64_t id,
                                      const std::string& key) {
  TRY(connection_.execute(
      fmt::format("INSERT INTO earlier SELECT ?, ?, ?, source FROM {} WHERE id = ?", table),
      {module_.name, key, summary_.id, id}));
  TRY(connection_.execute(fmt::format("DELETE FROM {} WHERE id = ?", table), {id}));
  return {};
}

std::string FileImport::insert_sql(const std::string& table, std::size_t count) const {
  std::string places = "?";
  for (std::size_t i = 1; i < count; ++i) places += ", ?";
  return fmt::format("INSERT INTO {} ({}, source, import_id) VALUES ({})", table,
                     record_columns(module_), places);
}

Result<void> FileImport::make_searchable(std::optional<std::int64_t> earlier_id,
                                         const Record& record) {
  const std::string table = search_table(module_);
  const std::int64_t id = earlier_id ? *earlier_id : connection_.last_insert_id();
  if (earlier_id) {
    TRY(connection_.execute(fmt::format("DELETE FROM {} WHERE rowid = ?", table), {id}));
  }
  TRY(connection_.execute(fmt::format("INSERT INTO {} (rowid, words) VALUES (?, ?)", table),
                          {id, searchable_text(module_, record)}));
  return {};
}

}  // namespace bulkhead::services::gisis::internal
