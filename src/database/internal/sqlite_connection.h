// One connection to a SQLite file, used by one thread at a time. Statements are kept by their text
// and are always reset after use, so that none holds a read transaction open behind our back.
#pragma once

#include <map>
#include <memory>

#include <sqlite3.h>

#include "database/database.h"

namespace bulkhead::database::internal {

// Of SQL texts; programs have a fixed number of them, so this is not reached in practice.
inline constexpr std::size_t kCachedStatementsMax = 256;
inline constexpr int kBusyTimeoutMs = 5'000;

enum class Access { read_write, read_only };

class SqliteConnection final : public Connection {
 public:
  static Result<std::unique_ptr<SqliteConnection>> open(const Path& file, Access access);
  ~SqliteConnection() override;

  Result<void> query(std::string_view sql, const std::vector<Value>& values,
                     const std::function<bool(const Row&)>& each) override;
  Result<std::int64_t> execute(std::string_view sql, const std::vector<Value>& values) override;
  std::int64_t last_insert_id() const override;

  // Several statements without values, not kept: PRAGMA, BEGIN, migrations.
  Result<void> run_script(std::string_view sql);
  // Between `begin` and COMMIT; an error, or an exception, rolls back.
  Result<void> in_transaction(std::string_view begin,
                              const std::function<Result<void>(Connection&)>& work);
  Result<std::int64_t> read_integer(std::string_view sql);
  sqlite3* handle() { return handle_; }

 private:
  explicit SqliteConnection(Path file) : file_(std::move(file)) {}
  Result<sqlite3_stmt*> prepare(std::string_view sql);
  Result<sqlite3_stmt*> cached(std::string_view sql);
  Result<void> step_all(sqlite3_stmt* statement, std::string_view sql,
                        const std::vector<Value>& values,
                        const std::function<bool(const Row&)>& each);
  std::unexpected<Error> failure(std::string_view doing) const;

  const Path file_;
  sqlite3* handle_ = nullptr;
  std::map<std::string, sqlite3_stmt*, std::less<>> statements_;
};

}  // namespace bulkhead::database::internal
