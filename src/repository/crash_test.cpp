// Backups on a backend that fails: what was acknowledged must be there, whatever happens between.
#include <atomic>

#include <gtest/gtest.h>

#include "base/file.h"
#include "repository/backup.h"
#include "repository/check.h"
#include "repository/lock.h"
#include "repository/restore.h"
#include "repository/verify.h"
#include "storage/faulty.h"
#include "storage/memory.h"
#include "storage/retrying.h"

namespace bulkhead::repository {
namespace {

using storage::Call;
using storage::Fault;
using storage::FaultyBackend;
using storage::FileType;
using storage::MemoryBackend;
using storage::Operation;

constexpr std::string_view kPassword = "a password of the tests";
const RepositoryOptions kQuick{.pack_size = 4 << 20, .lock_settle = std::chrono::milliseconds(0)};

std::unique_ptr<storage::Backend> reach(MemoryBackend& memory, FaultyBackend::Decision decision) {
  return std::make_unique<FaultyBackend>(memory, std::move(decision));
}
Fault never(const Call&) { return Fault::none; }

class CrashTest : public testing::Test {
 protected:
  void SetUp() override {
    SeededRandom random(11);
    ASSERT_TRUE(make_directories(source() / "folder"));
    for (int i = 0; i < 6; ++i) {
      const Bytes content = random.bytes(static_cast<std::size_t>(i) * 700'000);
      ASSERT_TRUE(write_file_atomic(source() / "folder" / std::to_string(i), content));
    }
  }
  Path source() const { return folder_.path() / "source"; }
  // One thread of each kind, and below one polynomial: the same blobs then come in the same order
  // each time, and so make as many packs, whose writes can be counted.
  BackupOptions options() const {
    return {.paths = {"."}, .directory = source(), .readers = 1, .sealers = 1};
  }

  static void make_repository(MemoryBackend& memory) {
    ASSERT_TRUE(Repository::init(reach(memory, never), kPassword,
                                 {.chunker_polynomial = 0x3DA3358B4DC173, .scrypt_n = 16}, kQuick));
  }
  // Every snapshot that is there can be restored, whole, by somebody who just came.
  void expect_sound(MemoryBackend& memory, const std::string& when) {
    const auto repository = Repository::open(reach(memory, never), kPassword, kQuick).value();
    const auto checked = check(*repository, {.read_data = ReadData::yes});
    ASSERT_TRUE(checked) << when;
    for (const std::string& error : checked->errors) ADD_FAILURE() << when << ": " << error;
    const auto kept = repository->snapshots();
    for (const Snapshot& snapshot : *kept) {
      const Path target = folder_.path() / "target";
      ASSERT_TRUE(remove_tree(target));
      const auto restored = restore(*repository, snapshot, {.target = target});
      ASSERT_TRUE(restored && restored->errors.empty()) << when;
      EXPECT_TRUE(verify(*repository, snapshot, {.target = target})->mismatches.empty()) << when;
    }
  }

  const TemporaryDirectory folder_ = TemporaryDirectory::create("crash-test").value();
};

TEST_F(CrashTest, RepositoryIsSoundWhereverABackupIsKilled) {
  std::atomic<std::uint64_t> writes{0};
  {
    MemoryBackend memory;
    make_repository(memory);
    auto backend = reach(memory, [&](const Call& call) {
      if (call.operation == Operation::save) ++writes;
      return Fault::none;
    });
    const auto repository = Repository::open(std::move(backend), kPassword, kQuick).value();
    ASSERT_TRUE(backup(*repository, options()));
  }
  ASSERT_GE(writes, 5u) << "a lock, two packs, an index and a snapshot";
  for (std::uint64_t killed_at = 0; killed_at < writes; ++killed_at) {
    for (const Fault fault : {Fault::crash_before, Fault::crash_after}) {
      MemoryBackend memory;
      make_repository(memory);
      std::atomic<std::uint64_t> saves{0};
      auto backend = reach(memory, [&](const Call& call) {
        const bool now = call.operation == Operation::save && saves++ == killed_at;
        return now ? fault : Fault::none;
      });
      const auto repository = Repository::open(std::move(backend), kPassword, kQuick).value();
      const std::string when = "killed at write " + std::to_string(killed_at);
      EXPECT_FALSE(backup(*repository, options())) << when;
      expect_sound(memory, when);
      // And the next backup goes through and needs nothing of the one that was killed.
      const auto next = Repository::open(reach(memory, never), kPassword, kQuick).value();
      EXPECT_TRUE(backup(*next, options())) << when;
      expect_sound(memory, when + ", then backed up");
    }
  }
}

TEST_F(CrashTest, TheSameRepositoryObjectGoesOnAfterAFailure) {
  MemoryBackend memory;
  make_repository(memory);
  std::atomic<bool> failing{true};
  auto backend = reach(memory, [&](const Call& call) {
    const bool index = call.operation == Operation::save && call.id.type == FileType::index;
    return failing && index ? Fault::denied : Fault::none;
  });
  const auto repository = Repository::open(std::move(backend), kPassword, kQuick).value();
  EXPECT_FALSE(backup(*repository, options()));
  failing = false;
  ASSERT_TRUE(backup(*repository, options()));
  expect_sound(memory, "after a failed index");
}

TEST_F(CrashTest, RetriesCarryABackupOverManyFaults) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    MemoryBackend memory;
    make_repository(memory);
    SeededRandom random(seed);
    auto faulty = reach(memory, [&](const Call&) {
      switch (random.below(6)) {
        case 0: return Fault::fail_before;
        case 1: return Fault::fail_after;
        default: return Fault::none;
      }
    });
    auto backend = storage::with_retries(
        std::move(faulty), {.attempts_max = 50, .pause = [](std::chrono::milliseconds) {}});
    const auto repository = Repository::open(std::move(backend), kPassword, kQuick);
    ASSERT_TRUE(repository) << repository.error().message();
    const auto made = backup(**repository, options());
    ASSERT_TRUE(made) << made.error().message();
    expect_sound(memory, "seed " + std::to_string(seed));
  }
}

TEST_F(CrashTest, NeverHandsOutWhatTheBackendDamaged) {
  MemoryBackend memory;
  make_repository(memory);
  {
    const auto repository = Repository::open(reach(memory, never), kPassword, kQuick).value();
    ASSERT_TRUE(backup(*repository, options()));
  }
  for (std::uint64_t damaged = 0; damaged < 12; ++damaged) {
    std::atomic<std::uint64_t> loads{0};
    auto backend = reach(memory, [&](const Call& call) {
      const bool load = call.operation == Operation::load || call.operation == Operation::load_part;
      return load && loads++ == damaged ? Fault::flip_bit : Fault::none;
    });
    const auto repository = Repository::open(std::move(backend), kPassword, kQuick);
    if (!repository) continue;
    const auto snapshots = (*repository)->snapshots();
    if (!snapshots || snapshots->empty()) continue;
    const Path target = folder_.path() / "target";
    ASSERT_TRUE(remove_tree(target));
    const auto restored = restore(**repository, snapshots->at(0), {.target = target});
    if (!restored || !restored->errors.empty()) continue;
    const auto intact = Repository::open(reach(memory, never), kPassword, kQuick).value();
    EXPECT_TRUE(verify(*intact, snapshots->at(0), {.target = target})->mismatches.empty());
  }
}

TEST_F(CrashTest, BackupWaitsForNobodyButRefusesBesideAnExclusiveLock) {
  MemoryBackend memory;
  make_repository(memory);
  const auto repository = Repository::open(reach(memory, never), kPassword, kQuick).value();
  const auto put = [&](const LockInfo& lock) {
    return repository->save_file(FileType::lock, encode_lock(lock)).value();
  };
  LockInfo other{.time = SystemClock().now(), .hostname = "elsewhere", .pid = 1};
  put(other);
  EXPECT_TRUE(backup(*repository, options())) << "another backup's lock";
  other.exclusive = true;
  other.time -= std::chrono::hours(1);
  put(other);
  EXPECT_TRUE(backup(*repository, options())) << "a stale exclusive lock";
  other.time += std::chrono::hours(1);
  const std::string exclusive = put(other);
  const auto refused = backup(*repository, options());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), ErrorKind::conflict);
  ASSERT_TRUE(memory.remove({FileType::lock, exclusive}));
  EXPECT_TRUE(backup(*repository, options()));
  EXPECT_EQ(memory.list(FileType::lock)->size(), 2u) << "our own locks are gone";
}

}  // namespace
}  // namespace bulkhead::repository
