#include "database/database.h"

#include <atomic>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

namespace bulkhead::database {
namespace {

using testing::HasSubstr;

const std::vector<Migration> kMigrations = {
    {1,
     "CREATE TABLE ports (code TEXT PRIMARY KEY, name TEXT NOT NULL) STRICT;"
     "CREATE TABLE berths (port TEXT NOT NULL REFERENCES ports(code), number INTEGER) STRICT;"},
    {2, "ALTER TABLE ports ADD COLUMN depth REAL;"},
};

class DatabaseTest : public testing::Test {
 protected:
  std::unique_ptr<Database> open() {
    auto database = Database::open(file_, kMigrations);
    EXPECT_TRUE(database) << database.error().message();
    return database ? std::move(*database) : nullptr;
  }
  static Result<void> add_port(Database& database, const std::string& code) {
    return database.write([&](Connection& connection) -> Result<void> {
      TRY(connection.execute("INSERT INTO ports (code, name) VALUES (?, ?)",
                             {code, "Port " + code}));
      return {};
    });
  }
  static std::int64_t count(Database& database, std::string_view table = "ports") {
    std::int64_t rows = -1;
    const auto result = database.read([&](Connection& connection) {
      return connection.query("SELECT count(*) FROM " + std::string(table), {},
                              [&](const Row& row) {
                                rows = row.integer(0);
                                return true;
                              });
    });
    EXPECT_TRUE(result) << result.error().message();
    return rows;
  }

  TemporaryDirectory folder_ = TemporaryDirectory::create("database-test").value();
  const Path file_ = folder_.path() / "ports.sqlite";
};

TEST_F(DatabaseTest, KeepsWhatWasWritten) {
  ASSERT_TRUE(add_port(*open(), "NLRTM"));
  const auto database = open();
  std::string name;
  bool depth_is_null = false;
  ASSERT_TRUE(database->read([&](Connection& connection) {
    return connection.query("SELECT name, depth FROM ports WHERE code = ?", {"NLRTM"},
                            [&](const Row& row) {
                              name = row.text(0);
                              depth_is_null = row.is_null(1);
                              return true;
                            });
  }));
  EXPECT_EQ(name, "Port NLRTM");
  EXPECT_TRUE(depth_is_null);
}

TEST_F(DatabaseTest, HandsBackEveryKindOfValue) {
  const auto database = open();
  const std::string text("nul \0 inside, and ≤ outside ASCII", 35);
  ASSERT_TRUE(database->write([&](Connection& connection) {
    return connection.query("SELECT ?, ?, ?, ?", {std::int64_t{INT64_MIN}, 0.1, text, nullptr},
                            [&](const Row& row) {
                              EXPECT_EQ(row.integer(0), INT64_MIN);
                              EXPECT_EQ(row.real(1), 0.1);
                              EXPECT_EQ(row.text(2), text);
                              EXPECT_TRUE(row.is_null(3));
                              return true;
                            });
  }));
}

TEST_F(DatabaseTest, RollsBackWhenTheWorkFails) {
  const auto database = open();
  const auto result = database->write([&](Connection& connection) -> Result<void> {
    TRY(connection.execute("INSERT INTO ports (code, name) VALUES ('AAA', 'a')"));
    return fail(ErrorKind::invalid, "changed my mind");
  });
  EXPECT_EQ(result.error().message(), "changed my mind");
  EXPECT_EQ(count(*database), 0);
  EXPECT_TRUE(add_port(*database, "BBB"));
}

TEST_F(DatabaseTest, RollsBackWhenTheWorkThrows) {
  const auto database = open();
  EXPECT_THROW((void)database->write([&](Connection& connection) -> Result<void> {
    TRY(connection.execute("INSERT INTO ports (code, name) VALUES ('AAA', 'a')"));
    throw std::runtime_error("of a library");
  }),
               std::runtime_error);
  EXPECT_EQ(count(*database), 0);
  EXPECT_TRUE(add_port(*database, "BBB"));
}

TEST_F(DatabaseTest, CallsABrokenConstraintAConflict) {
  const auto database = open();
  ASSERT_TRUE(add_port(*database, "NLRTM"));
  const auto again = add_port(*database, "NLRTM");
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().kind(), ErrorKind::conflict);
  const auto orphan = database->write([](Connection& connection) -> Result<void> {
    TRY(connection.execute("INSERT INTO berths VALUES ('XXXXX', 1)"));
    return {};
  });
  ASSERT_FALSE(orphan);
  EXPECT_EQ(orphan.error().kind(), ErrorKind::conflict);
}

TEST_F(DatabaseTest, RefusesToWriteThroughAReader) {
  const auto database = open();
  const auto result = database->read([](Connection& connection) -> Result<void> {
    TRY(connection.execute("INSERT INTO ports (code, name) VALUES ('AAA', 'a')"));
    return {};
  });
  EXPECT_FALSE(result);
  EXPECT_EQ(count(*database), 0);
}

TEST_F(DatabaseTest, SeesNewRowsAfterAQueryThatStoppedEarly) {
  const auto database = open();
  ASSERT_TRUE(add_port(*database, "AAA"));
  ASSERT_TRUE(add_port(*database, "BBB"));
  const auto first_only = [](Connection& connection) {
    return connection.query("SELECT code FROM ports", {}, [](const Row&) { return false; });
  };
  ASSERT_TRUE(database->read(first_only));
  ASSERT_TRUE(database->write(first_only));
  ASSERT_TRUE(add_port(*database, "CCC"));
  EXPECT_EQ(count(*database), 3);
}

TEST_F(DatabaseTest, RunsAStatementInsideItsOwnRows) {
  const auto database = open();
  ASSERT_TRUE(add_port(*database, "AAA"));
  ASSERT_TRUE(add_port(*database, "BBB"));
  int pairs = 0;
  const auto work = [&](Connection& connection) -> Result<void> {
    const std::string_view sql = "SELECT code FROM ports WHERE code >= ?";
    return connection.query(sql, {"AAA"}, [&](const Row&) {
      EXPECT_TRUE(connection.query(sql, {"AAA"}, [&](const Row&) { return ++pairs, true; }));
      return true;
    });
  };
  ASSERT_TRUE(database->read(work));
  EXPECT_EQ(pairs, 4);
}

TEST_F(DatabaseTest, SaysWhichStatementTakesHowManyValues) {
  const auto database = open();
  const auto result = database->read([](Connection& connection) {
    return connection.query("SELECT ?", {}, [](const Row&) { return true; });
  });
  ASSERT_FALSE(result);
  EXPECT_THAT(result.error().message(), HasSubstr("takes 1 values, not 0"));
}

TEST_F(DatabaseTest, MigratesAnOlderFileAndRefusesANewerOne) {
  ASSERT_TRUE(Database::open(file_, {kMigrations[0]}));
  EXPECT_TRUE(Database::open(file_, kMigrations));
  const auto older = Database::open(file_, {kMigrations[0]});
  ASSERT_FALSE(older);
  EXPECT_EQ(older.error().kind(), ErrorKind::conflict);
}

TEST_F(DatabaseTest, LeavesNothingOfAMigrationThatFails) {
  auto migrations = kMigrations;
  migrations.push_back({3, "CREATE TABLE extra (x); INSERT INTO no_such_table VALUES (1);"});
  EXPECT_FALSE(Database::open(file_, migrations));
  const auto database = open();
  EXPECT_EQ(count(*database, "sqlite_schema WHERE name = 'extra'"), 0);
}

TEST_F(DatabaseTest, ReadersSeeWholeTransactionsWhileWritersGoOn) {
  const auto database = open();
  std::atomic<bool> done = false;
  std::atomic<int> odd = 0;
  std::vector<std::thread> readers;
  for (int i = 0; i < 4; ++i) {
    readers.emplace_back([&] {
      while (!done) {
        if (count(*database) % 2 != 0) ++odd;
      }
    });
  }
  std::vector<std::thread> writers;
  for (int w = 0; w < 3; ++w) {
    writers.emplace_back([&, w] {
      for (int i = 0; i < 20; ++i) {
        const std::string code = std::to_string(w) + "-" + std::to_string(i);
        EXPECT_TRUE(database->write([&](Connection& connection) -> Result<void> {
          TRY(connection.execute("INSERT INTO ports (code, name) VALUES (?, '')", {code + "a"}));
          TRY(connection.execute("INSERT INTO ports (code, name) VALUES (?, '')", {code + "b"}));
          return {};
        }));
      }
    });
  }
  for (auto& writer : writers) writer.join();
  done = true;
  for (auto& reader : readers) reader.join();
  EXPECT_EQ(odd, 0);
  EXPECT_EQ(count(*database), 120);
}

TEST_F(DatabaseTest, CopiesAConsistentFileWhileWritersGoOn) {
  const auto database = open();
  ASSERT_TRUE(add_port(*database, "first"));
  std::atomic<bool> done = false;
  std::thread writer([&] {
    for (int i = 0; !done; ++i) EXPECT_TRUE(add_port(*database, std::to_string(i)));
  });
  const Path copy = folder_.path() / "copy.sqlite";
  for (int i = 0; i < 5; ++i) {
    const auto copied = database->copy_to(copy);
    EXPECT_TRUE(copied) << copied.error().message();
  }
  done = true;
  writer.join();
  EXPECT_FALSE(std::filesystem::exists(copy.native() + "-wal"));
  const auto opened = Database::open(copy, kMigrations);
  ASSERT_TRUE(opened);
  EXPECT_TRUE((*opened)->check_integrity());
  EXPECT_GE(count(**opened), 1);
}

TEST_F(DatabaseTest, SaysWhatIsCorrupt) {
  {
    const auto database = open();
    for (int i = 0; i < 500; ++i) ASSERT_TRUE(add_port(*database, "code" + std::to_string(i)));
  }
  auto bytes = read_file(file_, 1 << 24).value();
  ASSERT_GT(bytes.size(), 16'384U);
  std::fill(bytes.begin() + 8'192, bytes.begin() + 16'384, std::uint8_t{0xa5});
  ASSERT_TRUE(write_file_atomic(file_, bytes));
  const auto database = open();
  const auto checked = database->check_integrity();
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().kind(), ErrorKind::corrupt);
  EXPECT_THAT(checked.error().message(), HasSubstr("ports.sqlite"));
}

TEST_F(DatabaseTest, RefusesAFileThatIsNoDatabase) {
  ASSERT_TRUE(write_file_atomic(file_, as_bytes(std::string(4096, 'E'))));
  const auto database = Database::open(file_, kMigrations);
  ASSERT_FALSE(database);
  EXPECT_EQ(database.error().kind(), ErrorKind::corrupt);
}

TEST_F(DatabaseTest, FindsRowsThatReferToNothing) {
  const auto database = open();
  // Our own connections keep the rule; a tool that does not could leave such a row.
  sqlite3* raw = nullptr;
  ASSERT_EQ(sqlite3_open(file_.c_str(), &raw), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(raw, "INSERT INTO berths VALUES ('XXXXX', 1)", nullptr, nullptr, nullptr),
            SQLITE_OK);
  sqlite3_close(raw);
  const auto checked = database->check_integrity();
  ASSERT_FALSE(checked);
  EXPECT_THAT(checked.error().message(), HasSubstr("refers to a missing row of ports"));
}

// Writes one row after another and tells each number that was acknowledged, until it is killed.
[[noreturn]] void write_until_killed(const Path& file, int acknowledged_fd) {
  auto database = Database::open(file, kMigrations);
  if (!database) _exit(1);
  for (std::int32_t i = 0;; ++i) {
    const auto written = (*database)->write([&](Connection& connection) -> Result<void> {
      TRY(connection.execute("INSERT OR IGNORE INTO ports (code, name) VALUES (?, '')",
                             {std::to_string(i)}));
      return {};
    });
    if (!written || ::write(acknowledged_fd, &i, sizeof(i)) != sizeof(i)) _exit(1);
  }
}

TEST_F(DatabaseTest, KeepsWhatWasAcknowledgedWhenTheProcessIsKilled) {
  for (const int acknowledgements : {1, 7, 40}) {
    int pipe_fds[2];
    ASSERT_EQ(::pipe(pipe_fds), 0);
    const pid_t child = ::fork();
    if (child == 0) {
      ::close(pipe_fds[0]);
      write_until_killed(file_, pipe_fds[1]);
    }
    ::close(pipe_fds[1]);
    std::int32_t last = -1;
    for (int i = 0; i < acknowledgements; ++i) {
      ASSERT_EQ(::read(pipe_fds[0], &last, sizeof(last)), static_cast<ssize_t>(sizeof(last)));
    }
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    while (::read(pipe_fds[0], &last, sizeof(last)) == static_cast<ssize_t>(sizeof(last))) {
    }
    ::close(pipe_fds[0]);
    const auto database = open();
    EXPECT_TRUE(database->check_integrity());
    EXPECT_GE(count(*database), last + 1);
  }
}

}  // namespace
}  // namespace bulkhead::database
