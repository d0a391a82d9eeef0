#include "database/database.h"

#include <condition_variable>
#include <mutex>

#include <fmt/format.h>

#include "base/log.h"
#include "database/internal/sqlite_connection.h"

namespace bulkhead::database {
namespace {

using internal::Access;
using internal::SqliteConnection;

constexpr std::size_t kReadersMax = 16;
// A damaged database can have very many faults; the first ones say enough.
constexpr std::size_t kFaultsShownMax = 20;
constexpr int kBackupPagesAtATime = 1024;

Result<void> migrate(SqliteConnection& connection, const std::vector<Migration>& migrations) {
  const std::int64_t version = TRY(connection.read_integer("PRAGMA user_version"));
  const int newest = migrations.empty() ? 0 : migrations.back().version;
  if (version > newest) {
    return fail(ErrorKind::conflict,
                fmt::format("the database has version {}, this program knows {}: start the newer "
                            "program, or restore an older copy",
                            version, newest));
  }
  for (const Migration& migration : migrations) {
    if (migration.version <= version) continue;
    const auto apply = [&](Connection&) -> Result<void> {
      TRY(connection.run_script(migration.sql));
      return connection.run_script(fmt::format("PRAGMA user_version = {}", migration.version));
    };
    TRY_CONTEXT(connection.in_transaction("BEGIN IMMEDIATE", apply),
                fmt::format("migration {}", migration.version));
  }
  return {};
}

class SqliteDatabase final : public Database {
 public:
  SqliteDatabase(Path file, std::unique_ptr<SqliteConnection> writer)
      : file_(std::move(file)), writer_(std::move(writer)) {}

  Result<void> read(const std::function<Result<void>(Connection&)>& work) override {
    auto reader = TRY(take_reader());
    const Return back{*this, reader};
    // One transaction, so that all that the work reads is of one moment.
    return reader->in_transaction("BEGIN", work);
  }

  Result<void> write(const std::function<Result<void>(Connection&)>& work) override {
    const std::lock_guard lock(writer_lock_);
    return writer_->in_transaction("BEGIN IMMEDIATE", work);
  }

  Result<void> copy_to(const Path& file) override;
  Result<void> check_integrity() override;

 private:
  struct Return {
    SqliteDatabase& database;
    std::unique_ptr<SqliteConnection>& reader;
    ~Return() { database.return_reader(std::move(reader)); }
  };

  Result<std::unique_ptr<SqliteConnection>> take_reader() {
    std::unique_lock lock(readers_lock_);
    reader_returned_.wait(lock, [&] { return !idle_.empty() || open_readers_ < kReadersMax; });
    if (!idle_.empty()) {
      auto reader = std::move(idle_.back());
      idle_.pop_back();
      return reader;
    }
    ++open_readers_;
    lock.unlock();
    auto reader = SqliteConnection::open(file_, Access::read_only);
    if (!reader) {
      lock.lock();
      --open_readers_;
      reader_returned_.notify_one();
    }
    return reader;
  }

  void return_reader(std::unique_ptr<SqliteConnection> reader) {
    const std::lock_guard lock(readers_lock_);
    idle_.push_back(std::move(reader));
    reader_returned_.notify_one();
  }

  const Path file_;
  std::mutex writer_lock_;
  std::unique_ptr<SqliteConnection> writer_;
  std::mutex readers_lock_;
  std::condition_variable reader_returned_;
  std::vector<std::unique_ptr<SqliteConnection>> idle_;
  std::size_t open_readers_ = 0;
};

Result<void> back_up(SqliteConnection& from, SqliteConnection& to) {
  sqlite3_backup* backup = sqlite3_backup_init(to.handle(), "main", from.handle(), "main");
  if (backup == nullptr) {
    return fail(ErrorKind::io, fmt::format("copying: {}", sqlite3_errmsg(to.handle())));
  }
  int code = SQLITE_OK;
  while (code == SQLITE_OK) code = sqlite3_backup_step(backup, kBackupPagesAtATime);
  const int finished = sqlite3_backup_finish(backup);
  if (code == SQLITE_DONE && finished == SQLITE_OK) return {};
  const bool damaged = (code & 0xff) == SQLITE_CORRUPT || (code & 0xff) == SQLITE_NOTADB;
  return fail(damaged ? ErrorKind::corrupt : ErrorKind::io,
              fmt::format("copying: {}", sqlite3_errstr(code == SQLITE_DONE ? finished : code)));
}

Result<void> SqliteDatabase::copy_to(const Path& file) {
  const Path partial = file.native() + ".partial";
  TRY(remove_tree(partial));
  {
    auto from = TRY(SqliteConnection::open(file_, Access::read_only));
    auto to = TRY(SqliteConnection::open(partial, Access::read_write));
    // Inside a read transaction a writer's commit does not make the copy begin again.
    TRY_CONTEXT(
        from->in_transaction("BEGIN",
                             [&](Connection&) -> Result<void> {
                               TRY(from->read_integer("SELECT count(*) FROM sqlite_schema"));
                               return back_up(*from, *to);
                             }),
        file_.native());
    // One file, complete by itself, without a log beside it.
    TRY(to->run_script("PRAGMA journal_mode = DELETE;"));
  }
  if (::rename(partial.c_str(), file.c_str()) != 0) {
    return fail_errno(errno, "renaming " + partial.native());
  }
  return sync_directory(file.parent_path());
}

Result<void> SqliteDatabase::check_integrity() {
  std::vector<std::string> faults;
  const auto work = [&](Connection& connection) -> Result<void> {
    TRY(connection.query("PRAGMA integrity_check", {}, [&](const Row& row) {
      if (row.text(0) != "ok") faults.emplace_back(row.text(0));
      return faults.size() < kFaultsShownMax;
    }));
    return connection.query("PRAGMA foreign_key_check", {}, [&](const Row& row) {
      faults.push_back(fmt::format("table {}, row {}: refers to a missing row of {}", row.text(0),
                                   row.integer(1), row.text(2)));
      return faults.size() < kFaultsShownMax;
    });
  };
  TRY(read(work));
  if (faults.empty()) return {};
  return fail(ErrorKind::corrupt,
              fmt::format("database {}: {}", file_.filename().native(), fmt::join(faults, "; ")));
}

}  // namespace

Result<std::unique_ptr<Database>> Database::open(const Path& file,
                                                 std::vector<Migration> migrations) {
  auto writer =
      TRY_CONTEXT(SqliteConnection::open(file, Access::read_write), "opening " + file.native());
  TRY_CONTEXT(migrate(*writer, migrations), file.native());
  return std::make_unique<SqliteDatabase>(file, std::move(writer));
}

}  // namespace bulkhead::database
