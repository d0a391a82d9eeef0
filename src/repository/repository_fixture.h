// What tests of whole backups and restores share: a repository on a backend in memory, and a folder
// with a source and a target.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "repository/backup.h"
#include "repository/check.h"
#include "repository/restore.h"
#include "repository/verify.h"
#include "repository/walk.h"
#include "storage/faulty.h"
#include "storage/memory.h"

namespace bulkhead::repository {

inline constexpr std::string_view kPassword = "a password of the tests";

// One MemoryBackend outlives the repositories that are opened on it.
inline std::unique_ptr<storage::Backend> reach(storage::MemoryBackend& memory) {
  return std::make_unique<storage::FaultyBackend>(
      memory, [](const storage::Call&) { return storage::Fault::none; });
}

inline RepositoryOptions quick(Compression compression = Compression::automatic) {
  return {.compression = compression, .lock_settle = std::chrono::milliseconds(0)};
}

class RepositoryTest : public testing::Test {
 protected:
  void SetUp() override {
    auto made = Repository::init(reach(memory_), kPassword, {.scrypt_n = 16}, quick());
    ASSERT_TRUE(made) << made.error().message();
    repository_ = *std::move(made);
  }

  std::unique_ptr<Repository> open() {
    auto opened = Repository::open(reach(memory_), kPassword, quick());
    EXPECT_TRUE(opened) << opened.error().message();
    return *std::move(opened);
  }

  Path source() const { return folder_.path() / "source"; }
  Path target() const { return folder_.path() / "target"; }
  void write(const std::string& name, std::string_view content) const {
    ASSERT_TRUE(make_directories((source() / name).parent_path()));
    ASSERT_TRUE(write_file_atomic(source() / name, as_bytes(content)));
  }
  std::string read(const Path& path) const {
    const auto text = read_text_file(path, 64 << 20);
    return text ? *text : "(" + text.error().message() + ")";
  }

  BackupOptions folder_backup() const { return {.paths = {"."}, .directory = source()}; }
  BackupResult must_back_up(const BackupOptions& options) {
    auto result = backup(*repository_, options);
    EXPECT_TRUE(result) << result.error().message();
    EXPECT_THAT(result->errors, testing::IsEmpty());
    return *std::move(result);
  }
  RestoreReport must_restore(Repository& repository, const Snapshot& snapshot,
                             RestoreOptions options = {}) {
    if (options.target.empty()) options.target = target();
    auto report = restore(repository, snapshot, options);
    EXPECT_TRUE(report) << report.error().message();
    for (const PathError& error : report->errors) {
      ADD_FAILURE() << error.path << ": " << error.error.message();
    }
    return *std::move(report);
  }
  std::vector<std::string> mismatches(const Snapshot& snapshot) {
    const auto report = verify(*repository_, snapshot, {.target = target()});
    EXPECT_TRUE(report) << report.error().message();
    std::vector<std::string> found;
    for (const VerifyMismatch& mismatch : report->mismatches) {
      found.push_back(mismatch.path + " " + std::string(name_of(mismatch.mismatch)));
    }
    return found;
  }
  void expect_whole(Repository& repository) {
    const auto report = check(repository, {.read_data = ReadData::yes});
    ASSERT_TRUE(report) << report.error().message();
    EXPECT_THAT(report->errors, testing::IsEmpty());
  }

  const TemporaryDirectory folder_ = TemporaryDirectory::create("repository-test").value();
  storage::MemoryBackend memory_;
  std::unique_ptr<Repository> repository_;
};

}  // namespace bulkhead::repository
