// A thin facade over SQLite (docs/decisions/: SQLite first, libpq behind the same words later).
// A Database is a small pool: one writer, several readers (WAL). A Statement belongs to the
// connection that prepared it and to one thread. Errors: constraint -> conflict, busy ->
// unavailable, malformed file -> corrupt.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/file.h"
#include "base/result.h"

namespace bulkhead::database {

using Value = std::variant<std::nullptr_t, std::int64_t, double, std::string>;

// One row of a result; valid until the next step.
class Row {
 public:
  virtual ~Row() = default;
  virtual bool is_null(int column) const = 0;
  virtual std::int64_t integer(int column) const = 0;
  virtual double real(int column) const = 0;
  virtual std::string_view text(int column) const = 0;  // "" for NULL
};

class Connection {
 public:
  virtual ~Connection() = default;
  // For every row calls `each`, which returns false to stop early. Statements are cached by text.
  virtual Result<void> query(std::string_view sql, const std::vector<Value>& values,
                             const std::function<bool(const Row&)>& each) = 0;
  // The number of changed rows.
  virtual Result<std::int64_t> execute(std::string_view sql,
                                       const std::vector<Value>& values = {}) = 0;
  virtual std::int64_t last_insert_id() const = 0;
};

struct Migration {
  int version;           // ascending from 1
  std::string_view sql;  // several statements
};

class Database {
 public:
  // Creates or opens the file, WAL, foreign keys on, and applies the missing migrations.
  static Result<std::unique_ptr<Database>> open(const Path& file,
                                                std::vector<Migration> migrations);
  virtual ~Database() = default;
  // A reader of its own for the length of the call.
  virtual Result<void> read(const std::function<Result<void>(Connection&)>& work) = 0;
  // BEGIN IMMEDIATE … COMMIT; an error rolls back.
  virtual Result<void> write(const std::function<Result<void>(Connection&)>& work) = 0;
  // A consistent copy to `file`, by SQLite's backup interface, while readers and writers go on.
  virtual Result<void> copy_to(const Path& file) = 0;
  // PRAGMA integrity_check and foreign_key_check.
  virtual Result<void> check_integrity() = 0;
};

}  // namespace bulkhead::database
