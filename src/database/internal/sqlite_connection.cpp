#include "database/internal/sqlite_connection.h"

#include <exception>
#include <utility>

#include <fmt/format.h>

namespace bulkhead::database::internal {
namespace {

ErrorKind kind_of(int code) {
  switch (code & 0xff) {
    case SQLITE_CONSTRAINT: return ErrorKind::conflict;
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return ErrorKind::unavailable;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return ErrorKind::corrupt;
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH: return ErrorKind::denied;
    case SQLITE_TOOBIG: return ErrorKind::limit;
    case SQLITE_CANTOPEN:
    case SQLITE_FULL:
    case SQLITE_IOERR: return ErrorKind::io;
    default: return ErrorKind::internal;  // SQL that we wrote wrong
  }
}

class StatementRow final : public Row {
 public:
  explicit StatementRow(sqlite3_stmt* statement) : statement_(statement) {}
  bool is_null(int column) const override {
    return sqlite3_column_type(statement_, column) == SQLITE_NULL;
  }
  std::int64_t integer(int column) const override {
    return sqlite3_column_int64(statement_, column);
  }
  double real(int column) const override { return sqlite3_column_double(statement_, column); }
  std::string_view text(int column) const override {
    // The length must be asked for after the text: asking may convert it.
    const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
    if (text == nullptr) return "";
    return {text, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
  }

 private:
  sqlite3_stmt* statement_;
};

int bind(sqlite3_stmt* statement, int index, const Value& value) {
  if (const auto* integer = std::get_if<std::int64_t>(&value)) {
    return sqlite3_bind_int64(statement, index, *integer);
  }
  if (const auto* real = std::get_if<double>(&value)) {
    return sqlite3_bind_double(statement, index, *real);
  }
  if (const auto* text = std::get_if<std::string>(&value)) {
    // SQLITE_STATIC: the values outlive the statement's use.
    return sqlite3_bind_text64(statement, index, text->data(), text->size(), SQLITE_STATIC,
                               SQLITE_UTF8);
  }
  return sqlite3_bind_null(statement, index);
}

// Leaves a statement as it was found, however its use ends.
class Reset {
 public:
  explicit Reset(sqlite3_stmt* statement) : statement_(statement) {}
  Reset(const Reset&) = delete;
  Reset& operator=(const Reset&) = delete;
  ~Reset() {
    sqlite3_reset(statement_);
    sqlite3_clear_bindings(statement_);
  }

 private:
  sqlite3_stmt* statement_;
};

struct Finalize {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};

}  // namespace

Result<std::unique_ptr<SqliteConnection>> SqliteConnection::open(const Path& file, Access access) {
  auto connection = std::unique_ptr<SqliteConnection>(new SqliteConnection(file));
  // Readers open for writing too, since the first to come after a crash must replay the WAL;
  // query_only keeps them from changing anything.
  const int flags =
      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  const int code = sqlite3_open_v2(file.c_str(), &connection->handle_, flags, nullptr);
  if (code != SQLITE_OK) return connection->failure("opening it");
  sqlite3_busy_timeout(connection->handle_, kBusyTimeoutMs);
  sqlite3_db_config(connection->handle_, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(connection->handle_, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  // FULL: what was acknowledged survives a loss of power, not only of the process.
  TRY(connection->run_script(
      "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;"));
  if (access == Access::read_only) TRY(connection->run_script("PRAGMA query_only = ON;"));
  return connection;
}

SqliteConnection::~SqliteConnection() {
  for (const auto& [sql, statement] : statements_) sqlite3_finalize(statement);
  // With all statements finalized it cannot be busy.
  (void)sqlite3_close(handle_);
}

std::unexpected<Error> SqliteConnection::failure(std::string_view doing) const {
  const int code = sqlite3_extended_errcode(handle_);
  const ErrorKind kind = kind_of(code);
  return fail(
      kind,
      fmt::format("database {}: {}: {}", file_.filename().native(), doing, sqlite3_errmsg(handle_)),
      kind == ErrorKind::unavailable ? Retry::may_help : Retry::no);
}

Result<sqlite3_stmt*> SqliteConnection::prepare(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  const char* rest = nullptr;
  const int code = sqlite3_prepare_v3(handle_, sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &statement, &rest);
  if (code != SQLITE_OK) return failure(fmt::format("preparing \"{}\"", sql));
  if (statement == nullptr) return fail(ErrorKind::internal, "an empty SQL statement");
  return statement;
}

Result<sqlite3_stmt*> SqliteConnection::cached(std::string_view sql) {
  const auto found = statements_.find(sql);
  if (found != statements_.end()) return found->second;
  sqlite3_stmt* statement = TRY(prepare(sql));
  statements_.emplace(sql, statement);
  return statement;
}

Result<void> SqliteConnection::step_all(sqlite3_stmt* statement, std::string_view sql,
                                        const std::vector<Value>& values,
                                        const std::function<bool(const Row&)>& each) {
  const Reset reset(statement);
  if (sqlite3_bind_parameter_count(statement) != static_cast<int>(values.size())) {
    return fail(ErrorKind::internal,
                fmt::format("\"{}\" takes {} values, not {}", sql,
                            sqlite3_bind_parameter_count(statement), values.size()));
  }
  for (std::size_t i = 0; i < values.size(); ++i) {
    const int code = bind(statement, static_cast<int>(i) + 1, values[i]);
    if (code != SQLITE_OK) return failure(fmt::format("binding value {} of \"{}\"", i + 1, sql));
  }
  const StatementRow row(statement);
  while (true) {
    const int code = sqlite3_step(statement);
    if (code == SQLITE_DONE) return {};
    if (code != SQLITE_ROW) return failure(fmt::format("running \"{}\"", sql));
    if (!each(row)) return {};
  }
}

Result<void> SqliteConnection::query(std::string_view sql, const std::vector<Value>& values,
                                     const std::function<bool(const Row&)>& each) {
  const auto found = statements_.find(sql);
  const bool busy = found != statements_.end() && sqlite3_stmt_busy(found->second) != 0;
  // A statement that is used inside its own rows, or beyond the limit, is prepared for once.
  if (busy || (found == statements_.end() && statements_.size() >= kCachedStatementsMax)) {
    const std::unique_ptr<sqlite3_stmt, Finalize> own(TRY(prepare(sql)));
    return step_all(own.get(), sql, values, each);
  }
  return step_all(TRY(cached(sql)), sql, values, each);
}

Result<std::int64_t> SqliteConnection::execute(std::string_view sql,
                                               const std::vector<Value>& values) {
  const std::int64_t before = sqlite3_total_changes64(handle_);
  TRY(query(sql, values, [](const Row&) { return true; }));
  // Not sqlite3_changes: that keeps the number of the last INSERT when this was none.
  return sqlite3_total_changes64(handle_) - before;
}

std::int64_t SqliteConnection::last_insert_id() const { return sqlite3_last_insert_rowid(handle_); }

Result<void> SqliteConnection::run_script(std::string_view sql) {
  const std::string text(sql);
  if (sqlite3_exec(handle_, text.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
    return failure("running a script");
  }
  return {};
}

Result<void> SqliteConnection::in_transaction(
    std::string_view begin, const std::function<Result<void>(Connection&)>& work) {
  TRY(run_script(begin));
  Result<void> result;
  try {
    result = work(*this);
  } catch (...) {
    (void)run_script("ROLLBACK");
    throw;
  }
  if (result) result = run_script("COMMIT");
  // SQLite may have rolled back by itself, and then has no transaction.
  if (!result && sqlite3_get_autocommit(handle_) == 0) (void)run_script("ROLLBACK");
  return result;
}

Result<std::int64_t> SqliteConnection::read_integer(std::string_view sql) {
  std::int64_t value = 0;
  TRY(query(sql, {}, [&](const Row& row) {
    value = row.integer(0);
    return false;
  }));
  return value;
}

}  // namespace bulkhead::database::internal
