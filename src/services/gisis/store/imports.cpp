#include <fcntl.h>
#include <fmt/format.h>
#include <sys/types.h>
#include <unistd.h>

#include "base/text.h"
#include "json/value.h"
#include "services/gisis/store/internal/file_import.h"
#include "services/gisis/store/registry.h"

namespace bulkhead::services::gisis {
namespace {

using database::Connection;
using database::Row;
using database::Value;

constexpr std::string_view kSummaryColumns =
    "id, module, source, started_at, failure, unused_columns, row_count, added, replaced, "
    "unchanged, flagged, refused";

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
    internal::FileImport import(connection, module, summary, clock_.now());
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
      return internal::FileImport(connection, module, summary, clock_.now()).begin(fingerprint);
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
