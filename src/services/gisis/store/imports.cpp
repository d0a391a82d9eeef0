#include <unordered_set>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/types.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"
#include "json/value.h"
#include "services/gisis/store/internal/sql.h"
#include "services/gisis/store/registry.h"

namespace bulkhead::services::gisis {
namespace {

using database::Connection;
using database::Row;
using database::Value;

constexpr std::string_view kSummaryColumns =
    "id, module, source, started_at, failure, unused_columns, row_count, added, replaced, "
    "unchanged, flagged, refused";

std::string write_list(const std::vector<std::string>& list) {
  json::Array array;
  for (const std::string& entry : list) array.emplace_back(entry);
  return json::write(array);
}

std::vector<std::string> read_list(std::string_view text) {
  std::vector<std::string> list;
  const auto parsed = json::parse(text);
  if (!parsed || parsed->array() == nullptr) return list;
  for (const json::Value& entry : *parsed->array()) {
    if (const std::string* string = entry.string()) list.push_back(*string);
  }
  return list;
}

std::uint64_t count_of(const Row& row, int column) {
  return static_cast<std::uint64_t>(row.integer(column));
}

ImportSummary summary_of(const Row& row) {
  ImportSummary summary;
  summary.id = row.integer(0);
  summary.module = row.text(1);
  summary.source = row.text(2);
  summary.started_at = row.text(3);
  summary.failure = row.text(4);
  summary.unused_columns = read_list(row.text(5));
  summary.rows = count_of(row, 6);
  summary.added = count_of(row, 7);
  summary.replaced = count_of(row, 8);
  summary.unchanged = count_of(row, 9);
  summary.flagged = count_of(row, 10);
  summary.refused = count_of(row, 11);
  return summary;
}

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

// One file on its way into one module, within one transaction.
class Import {
 public:
  Import(Connection& connection, const ModuleDefinition& module, ImportSummary& summary)
      : connection_(connection), module_(module), summary_(summary) {}

  Result<void> begin(std::string_view fingerprint) {
    TRY(connection_.execute(
        "INSERT INTO import (module, source, fingerprint, started_at, failure, header, "
        "unused_columns, row_count, added, replaced, unchanged, flagged, refused) "
        "VALUES (?, ?, ?, ?, ?, '[]', '[]', 0, 0, 0, 0, 0, 0)",
        {module_.name, summary_.source, std::string(fingerprint), summary_.started_at,
         summary_.failure}));
    summary_.id = connection_.last_insert_id();
    return {};
  }

  Result<void> read(CsvReader& reader) {
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

  Result<void> finish() {
    TRY(connection_.execute(
        "UPDATE import SET header = ?, unused_columns = ?, row_count = ?, added = ?, replaced = ?, "
        "unchanged = ?, flagged = ?, refused = ? WHERE id = ?",
        {write_list(columns_.header), write_list(summary_.unused_columns), value_of(summary_.rows),
         value_of(summary_.added), value_of(summary_.replaced), value_of(summary_.unchanged),
         value_of(summary_.flagged), value_of(summary_.refused), summary_.id}));
    if (summary_.added + summary_.replaced == 0) return {};
    TRY(connection_.execute("UPDATE module_version SET version = version + 1 WHERE module = ?",
                            {module_.name}));
    return {};
  }

 private:
  Result<void> take(const CsvRow& row) {
    ConvertedRow converted = convert_row(module_, columns_, row);
    if (converted.refusals.empty() && !keys_.insert(converted.record.key).second) {
      converted.refusals.push_back({std::nullopt, Reason::duplicate_in_file, converted.record.key});
    }
    if (!converted.refusals.empty()) return refuse(row, converted.refusals);
    if (!converted.record.remarks.empty()) ++summary_.flagged;
    TRY(note(row, converted.record.remarks, false));
    return store(row, converted.record);
  }

  Result<void> note(const CsvRow& row, const std::vector<Remark>& remarks, bool refused) {
    for (const Remark& remark : remarks) {
      TRY(connection_.execute(
          "INSERT INTO finding VALUES (?, ?, ?, ?, ?, ?, ?)",
          {summary_.id, value_of(row.number), value_of(row.line), std::int64_t{refused},
           remark.field ? module_.fields[*remark.field].name : "",
           std::string(name_of(remark.reason)), remark.given}));
    }
    return {};
  }

  Result<void> refuse(const CsvRow& row, const std::vector<Remark>& reasons) {
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

  Result<void> store(const CsvRow& row, const Record& record) {
    const std::string table = internal::record_table(module_);
    std::optional<std::int64_t> id;
    std::vector<Value> stored;
    TRY(connection_.query(
        fmt::format("SELECT {} FROM {} WHERE key = ?", internal::record_columns(module_), table),
        {record.key}, [&](const Row& found) {
          id = found.integer(0);
          stored = internal::bind_record(module_, internal::record_of(module_, found));
          return true;
        }));
    std::vector<Value> values = internal::bind_record(module_, record);
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
  Result<void> keep_earlier(const std::string& table, std::int64_t id, const std::string& key) {
    TRY(connection_.execute(
        fmt::format("INSERT INTO earlier SELECT ?, ?, ?, source FROM {} WHERE id = ?", table),
        {module_.name, key, summary_.id, id}));
    TRY(connection_.execute(fmt::format("DELETE FROM {} WHERE id = ?", table), {id}));
    return {};
  }

  std::string insert_sql(const std::string& table, std::size_t count) const {
    std::string places = "?";
    for (std::size_t i = 1; i < count; ++i) places += ", ?";
    return fmt::format("INSERT INTO {} ({}, source, import_id) VALUES ({})", table,
                       internal::record_columns(module_), places);
  }

  Result<void> make_searchable(std::optional<std::int64_t> earlier_id, const Record& record) {
    const std::string table = internal::search_table(module_);
    const std::int64_t id = earlier_id ? *earlier_id : connection_.last_insert_id();
    if (earlier_id) {
      TRY(connection_.execute(fmt::format("DELETE FROM {} WHERE rowid = ?", table), {id}));
    }
    TRY(connection_.execute(fmt::format("INSERT INTO {} (rowid, words) VALUES (?, ?)", table),
                            {id, searchable_text(module_, record)}));
    return {};
  }

  Connection& connection_;
  const ModuleDefinition& module_;
  ImportSummary& summary_;
  ColumnMap columns_;
  std::unordered_set<std::string> keys_;
};

// FNV-1a over the whole file, with its size: it only has to tell whether a file has changed.
Result<std::string> fingerprint_of(int fd) {
  std::uint64_t hash = 0xcbf29ce484222325ull;
  std::uint64_t size = 0;
  Bytes buffer(256 * 1024);
  while (const std::size_t got = TRY(read_some(fd, buffer))) {
    for (std::size_t i = 0; i < got; ++i) hash = (hash ^ buffer[i]) * 0x100000001b3ull;
    size += got;
  }
  return fmt::format("{}-{:016x}", size, hash);
}

}  // namespace

Result<ImportSummary> Registry::import(const ModuleDefinition& module, std::string_view source_name,
                                       CsvReader::Source source) {
  return import_file(module, source_name, "", std::move(source));
}

Result<ImportSummary> Registry::import_file(const ModuleDefinition& module,
                                            std::string_view source_name,
                                            std::string_view fingerprint,
                                            CsvReader::Source source) {
  ImportSummary summary;
  summary.module = module.name;
  summary.source = source_name;
  summary.started_at = to_rfc3339_milliseconds(clock_.now());
  CsvReader reader(std::move(source));
  std::optional<Error> unreadable;
  const auto written = database_->write([&](Connection& connection) -> Result<void> {
    Import import(connection, module, summary);
    TRY(import.begin(fingerprint));
    if (const auto read = import.read(reader); !read) {
      // Input that is no CSV undoes all of it, and is reported; other errors are ours.
      const ErrorKind kind = read.error().kind();
      if (kind == ErrorKind::invalid || kind == ErrorKind::limit) unreadable = read.error();
      return std::unexpected(read.error());
    }
    return import.finish();
  });
  if (!written && !unreadable) return std::unexpected(written.error());
  if (unreadable) {
    summary = ImportSummary{.module = module.name,
                            .source = std::string(source_name),
                            .started_at = summary.started_at,
                            .failure = unreadable->message(),
                            .unused_columns = {}};
    TRY(database_->write([&](Connection& connection) {
      return Import(connection, module, summary).begin(fingerprint);
    }));
  }
  TRY(load_versions());
  return summary;
}

Result<std::optional<ImportSummary>> Registry::import_once(const ModuleDefinition& module,
                                                           const Path& path) {
  const FileDescriptor file = TRY(open_file(path, O_RDONLY | O_CLOEXEC));
  const std::string fingerprint = TRY(fingerprint_of(file.get()));
  bool known = false;
  TRY(database_->read([&](Connection& connection) {
    return connection.query("SELECT 1 FROM import WHERE module = ? AND fingerprint = ?",
                            {module.name, fingerprint}, [&](const Row&) { return known = true; });
  }));
  if (known) return std::nullopt;
  if (::lseek(file.get(), 0, SEEK_SET) < 0) return fail_errno(errno, "seek in " + path.string());
  return TRY(import_file(module, path.filename().string(), fingerprint,
                         [&](MutableByteView out) { return read_some(file.get(), out); }));
}

Result<std::vector<ImportSummary>> Registry::imports() {
  std::vector<ImportSummary> summaries;
  TRY(database_->read([&](Connection& connection) {
    return connection.query(
        fmt::format("SELECT {} FROM import ORDER BY id DESC LIMIT 200", kSummaryColumns), {},
        [&](const Row& row) {
          summaries.push_back(summary_of(row));
          return true;
        });
  }));
  return summaries;
}

Result<ImportSummary> Registry::find_import(std::int64_t id) {
  std::optional<ImportSummary> summary;
  TRY(database_->read([&](Connection& connection) {
    return connection.query(fmt::format("SELECT {} FROM import WHERE id = ?", kSummaryColumns),
                            {id}, [&](const Row& row) {
                              summary = summary_of(row);
                              return true;
                            });
  }));
  if (!summary) return fail(ErrorKind::not_found, fmt::format("there is no import {}", id));
  return *std::move(summary);
}

Result<std::vector<ImportFinding>> Registry::findings(const ImportSummary& summary,
                                                      std::size_t limit) {
  std::vector<ImportFinding> found;
  const ModuleDefinition* of = TRY(module(summary.module));
  TRY(database_->read([&](Connection& connection) {
    return connection.query(
        "SELECT row, line, is_refusal, field, reason, given FROM finding WHERE import_id = ? "
        "ORDER BY is_refusal DESC, rowid LIMIT ?",
        {summary.id, value_of(limit)}, [&](const Row& row) {
          const auto reason = reason_of(row.text(4));
          found.push_back({.row = count_of(row, 0),
                           .line = count_of(row, 1),
                           .refused = row.integer(2) != 0,
                           .remark = {of->find_field(row.text(3)), reason.value_or(Reason::missing),
                                      std::string(row.text(5))}});
          return true;
        });
  }));
  return found;
}

Result<std::vector<std::string>> Registry::header_of(const ImportSummary& summary) {
  std::vector<std::string> header;
  TRY(database_->read([&](Connection& connection) {
    return connection.query("SELECT header FROM import WHERE id = ?", {summary.id},
                            [&](const Row& row) {
                              header = read_list(row.text(0));
                              return true;
                            });
  }));
  return header;
}

Result<void> Registry::for_each_refused_row(
    const ImportSummary& summary, const std::function<Result<void>(const RefusedRow&)>& each) {
  std::vector<RefusedRow> rows;
  TRY(database_->read([&](Connection& connection) {
    return connection.query(
        "SELECT row, cells, reasons FROM refused_row WHERE import_id = ? ORDER BY row",
        {summary.id}, [&](const Row& row) {
          CsvReader reader(source_of(row.text(1)));
          RefusedRow refused{.row = count_of(row, 0), .cells = {}, .reasons = {}};
          if (const auto cells = reader.next(); cells && *cells) refused.cells = (*cells)->cells;
          refused.reasons = row.text(2);
          rows.push_back(std::move(refused));
          return true;
        });
  }));
  for (const RefusedRow& row : rows) TRY(each(row));
  return {};
}

}  // namespace bulkhead::services::gisis
