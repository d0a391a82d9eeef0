#include <map>
#include <set>
#include <thread>

#include <gtest/gtest.h>

#include "base/file.h"
#include "storage/backend_contract.h"
#include "storage/faulty.h"
#include "storage/local.h"
#include "storage/memory.h"
#include "storage/retrying.h"

namespace bulkhead::storage {
namespace {

class MemoryStorage : public BackendContract {
 protected:
  std::unique_ptr<Backend> make_backend() override { return std::make_unique<MemoryBackend>(); }
};
BULKHEAD_BACKEND_CONTRACT(MemoryStorage)

class LocalStorage : public BackendContract {
 protected:
  std::unique_ptr<Backend> make_backend() override {
    return open_local((folder_.path() / "repository").native()).value();
  }
  const TemporaryDirectory folder_ = TemporaryDirectory::create("local-storage").value();
};
BULKHEAD_BACKEND_CONTRACT(LocalStorage)

class FaultlessFaultyStorage : public BackendContract {
 protected:
  std::unique_ptr<Backend> make_backend() override {
    return std::make_unique<FaultyBackend>(memory_, [](const Call&) { return Fault::none; });
  }
  MemoryBackend memory_;
};
BULKHEAD_BACKEND_CONTRACT(FaultlessFaultyStorage)

// Every call's answer is lost once or it fails before it does anything, and is tried again.
class RetryingStorage : public BackendContract {
 protected:
  std::unique_ptr<Backend> make_backend() override {
    auto faulty = std::make_unique<FaultyBackend>(memory_, [](const Call& call) {
      if (call.operation == Operation::create) return Fault::none;
      switch (call.number % 3) {
        case 0: return Fault::fail_before;
        case 1: return Fault::fail_after;
        default: return Fault::none;
      }
    });
    return with_retries(std::move(faulty),
                        {.attempts_max = 60, .pause = [](std::chrono::milliseconds) {}});
  }
  MemoryBackend memory_;
};
BULKHEAD_BACKEND_CONTRACT(RetryingStorage)

TEST(LocalStorageFolder, IsLaidOutAsRestics) {
  const auto folder = TemporaryDirectory::create("local-layout").value();
  const auto backend = open_local(folder.path().native()).value();
  ASSERT_TRUE(backend->create());
  const std::string name(64, 'a');
  ASSERT_TRUE(backend->save({FileType::data, name}, as_bytes("x")));
  ASSERT_TRUE(backend->save({FileType::snapshot, name}, as_bytes("y")));
  EXPECT_TRUE(std::filesystem::exists(folder.path() / "data" / "aa" / name));
  EXPECT_TRUE(std::filesystem::exists(folder.path() / "snapshots" / name));
}

TEST(LocalStorageFolder, LeavesOutWhatAnInterruptedSaveLeftBehind) {
  const auto folder = TemporaryDirectory::create("local-torn").value();
  const auto backend = open_local(folder.path().native()).value();
  ASSERT_TRUE(backend->create());
  ASSERT_TRUE(write_file_atomic(folder.path() / "snapshots" / ".1-0.tmp", as_bytes("half")));
  EXPECT_TRUE(backend->list(FileType::snapshot)->empty());
}

TEST(LocalStorageFolder, MakesMissingFoldersOfData) {
  const auto folder = TemporaryDirectory::create("local-bare").value();
  const auto backend = open_local(folder.path().native()).value();
  EXPECT_TRUE(backend->save({FileType::data, std::string(64, 'b')}, as_bytes("x")));
  EXPECT_EQ(backend->list(FileType::data)->size(), 1u);
}

TEST(RetryingStorageCalls, StopAfterTheLastAttemptAndDoublePauses) {
  MemoryBackend memory;
  auto faulty =
      std::make_unique<FaultyBackend>(memory, [](const Call&) { return Fault::fail_before; });
  const FaultyBackend& counted = *faulty;
  std::vector<std::int64_t> pauses;
  const auto backend = with_retries(
      std::move(faulty),
      {.attempts_max = 4,
       .first_pause = std::chrono::milliseconds(10),
       .pause_max = std::chrono::milliseconds(20),
       .pause = [&](std::chrono::milliseconds time) { pauses.push_back(time.count()); }});
  EXPECT_FALSE(backend->list(FileType::data));
  EXPECT_EQ(counted.calls(), 4u);
  ASSERT_EQ(pauses.size(), 3U);
  const std::vector<std::int64_t> longest = {10, 20, 20};
  for (std::size_t i = 0; i < pauses.size(); ++i) {
    EXPECT_LE(pauses[i], longest[i]);
    EXPECT_GE(pauses[i], longest[i] / 2);
  }
}

// Many who lost the same server must not all come back at the same moments.
TEST(RetryingStorageCalls, LeaveARandomPartOfEachPauseOut) {
  MemoryBackend memory;
  auto faulty =
      std::make_unique<FaultyBackend>(memory, [](const Call&) { return Fault::fail_before; });
  std::set<std::int64_t> pauses;
  const auto backend =
      with_retries(std::move(faulty),
                   {.attempts_max = 40,
                    .first_pause = std::chrono::milliseconds(10'000),
                    .pause_max = std::chrono::milliseconds(10'000),
                    .pause = [&](std::chrono::milliseconds time) { pauses.insert(time.count()); }});
  EXPECT_FALSE(backend->list(FileType::data));
  EXPECT_GT(pauses.size(), 10U);
}

TEST(RetryingStorageCalls, EndTheirPauseWhenAStopIsAskedFor) {
  MemoryBackend memory;
  auto faulty =
      std::make_unique<FaultyBackend>(memory, [](const Call&) { return Fault::fail_before; });
  const FaultyBackend& counted = *faulty;
  std::stop_source source;
  const auto backend = with_retries(
      std::move(faulty), {.first_pause = std::chrono::hours(1), .stop = source.get_token()});
  std::thread stopper([&] {
    while (counted.calls() == 0) std::this_thread::yield();
    source.request_stop();
  });
  EXPECT_FALSE(backend->list(FileType::data));
  stopper.join();
  EXPECT_EQ(counted.calls(), 1u);
}

TEST(RetryingStorageCalls, DoNotRepeatWhatCannotPass) {
  MemoryBackend memory;
  auto faulty = std::make_unique<FaultyBackend>(memory, [](const Call&) { return Fault::denied; });
  const FaultyBackend& counted = *faulty;
  const auto backend = with_retries(std::move(faulty), {});
  EXPECT_EQ(backend->save({FileType::key, std::string(64, 'c')}, as_bytes("x")).error().kind(),
            ErrorKind::denied);
  EXPECT_EQ(counted.calls(), 1u);
}

TEST(FaultyStorage, LetsNothingThroughAfterACrash) {
  MemoryBackend memory;
  FaultyBackend backend(
      memory, [](const Call& call) { return call.number == 1 ? Fault::crash_after : Fault::none; });
  ASSERT_TRUE(backend.create());
  EXPECT_FALSE(backend.save({FileType::data, std::string(64, 'd')}, as_bytes("x")));
  EXPECT_FALSE(backend.save({FileType::data, std::string(64, 'e')}, as_bytes("y")));
  EXPECT_EQ(memory.list(FileType::data)->size(), 1u);
  EXPECT_TRUE(backend.crashed());
}

TEST(OpenBackend, TellsWhichKindsItDoesNotKnow) {
  const auto refused = open_backend("s3:s3.amazonaws.com/bucket", {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), ErrorKind::invalid);
  EXPECT_FALSE(open_backend("", {}));
  EXPECT_EQ(open_backend("local:/srv/vault", {}).value()->location(), "local:/srv/vault");
  EXPECT_EQ(open_backend("/srv/vault", {}).value()->location(), "local:/srv/vault");
}

}  // namespace
}  // namespace bulkhead::storage
