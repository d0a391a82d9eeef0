// The vault's own work on what a client with the role *write* has stored: it looks inside, forgets
// and prunes.
#include "vault/tending.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "crypto/sha256.h"
#include "repository/backup.h"
#include "repository/check.h"
#include "vault/oversight.h"
#include "vault/store_backend.h"

namespace bulkhead::vault {
namespace {

using namespace std::chrono_literals;
using storage::FileId;
using storage::FileType;

constexpr std::string_view kPassword = "the repository's own password";

// As it comes from the network.
class Client final : public StoreBackend {
 public:
  explicit Client(RepositoryStore& store) : StoreBackend(store), store_(store) {}
  Result<void> save(const FileId& id, ByteView content) override {
    std::size_t at = 0;
    TRY(store_.save({.id = id,
                     .announced_size = content.size(),
                     .source = [&](MutableByteView out) -> Result<std::size_t> {
                       const std::size_t count = std::min(out.size(), content.size() - at);
                       std::copy_n(content.begin() + static_cast<std::ptrdiff_t>(at), count,
                                   out.begin());
                       at += count;
                       return count;
                     },
                     .client = "192.0.2.1"}));
    return {};
  }
  Result<void> create() override { return {}; }
  Result<std::vector<storage::FileInfo>> list(FileType type) override { return store_.list(type); }

 private:
  RepositoryStore& store_;
};

class TendingTest : public testing::Test {
 protected:
  TendingTest() : folder_(TemporaryDirectory::create("tending").value()) {
    EXPECT_TRUE(write_file_atomic(folder_.path() / "password", as_bytes(kPassword), 0600));
    configuration_.data = folder_.path() / "data";
    RepositoryPolicy policy;
    policy.read_key = folder_.path() / "password";
    policy.retention = 24h * 30;
    policy.keep.last = 1;
    configuration_.repositories.emplace("imo", policy);
    start();
    store_ = oversight_->repositories().create("imo").value();
    repository_ = std::move(
        repository::Repository::init(std::make_unique<Client>(*store_), kPassword,
                                     {.scrypt_n = 1024, .hostname = "", .username = ""},
                                     {.clock = &clock_, .random = &random_, .lock_settle = 0ms})
            .value());
  }
  void start() {
    EXPECT_TRUE(make_directories(configuration_.data));
    oversight_.reset();
    oversight_ = std::move(Oversight::open(configuration_, clock_, system_files()).value());
  }
  void backup(const std::string& content) {
    const Path tree = folder_.path() / "tree";
    EXPECT_TRUE(remove_tree(tree));
    EXPECT_TRUE(make_directories(tree));
    EXPECT_TRUE(write_file_atomic(tree / content, random_.bytes(100'000)));
    repository_->forget_index();
    const auto done = repository::backup(*repository_, {.paths = {tree.native()}});
    EXPECT_TRUE(done) << done.error().message();
    oversight_->tick();  // looks inside
  }
  std::set<std::string> names(FileType type) {
    std::set<std::string> all;
    const auto files = store_->list(type);
    for (const auto& file : *files) all.insert(file.name);
    return all;
  }
  TendingReport tend() {
    const auto report = vault::tend(*store_, oversight_->receive_clock(), clock_, stop_);
    EXPECT_TRUE(report) << report.error().message();
    return report.value_or(TendingReport());
  }
  void expect_whole() {
    repository_->forget_index();
    const auto report = repository::check(*repository_, {.read_data = repository::ReadData::yes});
    ASSERT_TRUE(report) << report.error().message();
    EXPECT_TRUE(report->errors.empty()) << report->errors.front();
  }

  ManualClock clock_{WallTime(std::chrono::seconds(1'600'000'000))};
  SystemRandom random_;
  TemporaryDirectory folder_;
  Configuration configuration_;
  std::unique_ptr<Oversight> oversight_;
  Repositories::Store store_;
  std::unique_ptr<repository::Repository> repository_;
  const std::atomic<bool> stop_{false};
};

TEST_F(TendingTest, ForgetsAndPrunesWhatTheLockHasReleasedAndNothingElse) {
  backup("one");
  const auto first = names(FileType::snapshot);
  const auto first_packs = names(FileType::data);
  clock_.advance(24h * 10);
  backup("two");
  const auto both_packs = names(FileType::data);

  TendingReport report = tend();
  EXPECT_EQ(report.forgotten, 0u);
  EXPECT_EQ(report.still_locked, 1u) << "the policy keeps one, the lock both";
  EXPECT_EQ(names(FileType::snapshot).size(), 2u);
  EXPECT_EQ(names(FileType::data), both_packs);

  clock_.advance(24h * 21);
  report = tend();
  EXPECT_EQ(report.forgotten, 1u);
  EXPECT_FALSE(names(FileType::snapshot).contains(*first.begin()));
  expect_whole();
  clock_.advance(24h);
  report = tend();
  EXPECT_GT(report.packs, 0u);
  expect_whole();
  const auto left = names(FileType::data);
  for (const std::string& pack : first_packs) EXPECT_FALSE(left.contains(pack)) << pack;

  // Its own index files, made a day ago, give way to newer ones; to nobody else they do.
  const auto indexes = names(FileType::index);
  for (const std::string& name : indexes) {
    EXPECT_EQ(store_->remove({FileType::index, name}).error().kind(), ErrorKind::denied);
  }
  clock_.advance(24h);
  EXPECT_EQ(tend().forgotten, 0u);
  EXPECT_LE(names(FileType::index).size(), 2u);
  expect_whole();
  EXPECT_TRUE(oversight_->alarms().latest(10).empty());
}

TEST_F(TendingTest, WhatCannotBeLookedIntoIsAnAlarmAndIsTriedAgain) {
  ASSERT_TRUE(write_file_atomic(folder_.path() / "password", as_bytes("another"), 0600));
  backup("one");
  ASSERT_EQ(oversight_->alarms().latest(10).size(), 1u);
  EXPECT_EQ(oversight_->alarms().latest(1).front().kind, AlarmKind::not_inspected);
  ASSERT_TRUE(write_file_atomic(folder_.path() / "password", as_bytes(kPassword), 0600));
  oversight_->tick();
  const std::string index = *names(FileType::index).begin();
  EXPECT_FALSE(store_->index_agrees(index).value());
  clock_.advance(5min);
  oversight_->tick();
  EXPECT_TRUE(store_->index_agrees(index).value());
  EXPECT_EQ(oversight_->alarms().latest(10).size(), 1u) << "told once";
}

TEST_F(TendingTest, ASnapshotThatCameBeforeAStopIsComparedWithItsReceiptOnce) {
  backup("one");
  repository::Snapshot fake = repository_->snapshots().value().back();
  fake.time = clock_.now() + 24h * 10;
  ASSERT_TRUE(repository_->save_file(FileType::snapshot, repository::encode_snapshot(fake)));
  // By now its time would do.
  clock_.advance(24h * 10);
  for (int i = 0; i < 2; ++i) {
    repository_.reset();
    store_.reset();
    start();
    oversight_->tick();
    ASSERT_EQ(oversight_->alarms().latest(10).size(), 1u);
    EXPECT_EQ(oversight_->alarms().latest(1).front().kind, AlarmKind::snapshot_time);
  }
}

TEST_F(TendingTest, WhatCameYesterdayStaysThoughNoSnapshotNeedsIt) {
  backup("one");
  clock_.advance(24h * 31);
  const std::string pack = to_hex(crypto::sha256(as_bytes("half a backup")));
  Client client(*store_);
  ASSERT_TRUE(client.save({FileType::data, pack}, as_bytes("half a backup")));
  for (int day = 0; day < 5; ++day) {
    tend();
    clock_.advance(24h);
  }
  EXPECT_TRUE(names(FileType::data).contains(pack));
  clock_.advance(24h * 30);
  for (int day = 0; day < 3; ++day) {
    tend();
    clock_.advance(24h);
  }
  EXPECT_FALSE(names(FileType::data).contains(pack));
  expect_whole();
}

TEST_F(TendingTest, AFullQuotaIsPrunedAllTheSame) {
  backup("one");
  clock_.advance(24h);
  backup("two");
  clock_.advance(24h * 31);
  configuration_.repositories.at("imo").limits.repository_size_max = 1;
  repository_.reset();
  store_.reset();
  start();
  store_ = oversight_->repositories().find("imo").value();
  EXPECT_EQ(tend().forgotten, 1u);
  clock_.advance(24h);
  EXPECT_GT(tend().packs, 0u);
}

// Newest by what they say, oldest by what they are: they push nobody out.
TEST_F(TendingTest, BackDatedSnapshotsAreJudgedByTheirReceipts) {
  configuration_.repositories.at("imo").keep = {.daily = 2};
  repository_.reset();
  store_.reset();
  start();
  store_ = oversight_->repositories().find("imo").value();
  repository_ = std::move(
      repository::Repository::open(std::make_unique<Client>(*store_), kPassword,
                                   {.clock = &clock_, .random = &random_, .lock_settle = 0ms})
          .value());
  backup("one");
  clock_.advance(24h);
  backup("two");
  const auto real = names(FileType::snapshot);
  clock_.advance(24h);
  repository::Snapshot fake = repository_->snapshots().value().back();
  for (int day = 1; day < 9; ++day) {
    fake.time = clock_.now() + 24h * day;
    ASSERT_TRUE(repository_->save_file(FileType::snapshot, repository::encode_snapshot(fake)));
  }
  clock_.advance(24h * 40);
  tend();
  const auto left = names(FileType::snapshot);
  for (const std::string& name : real) EXPECT_TRUE(left.contains(name)) << name;
}

TEST_F(TendingTest, EachRepositoryOnceADayAlsoAcrossARestart) {
  backup("one");
  oversight_->tend();
  const auto last = oversight_->tended().at("imo").last;
  ASSERT_TRUE(last);
  clock_.advance(23h);
  repository_.reset();
  store_.reset();
  start();
  oversight_->tend();
  EXPECT_EQ(oversight_->tended().at("imo").last, last);
  clock_.advance(1h);
  oversight_->tend();
  EXPECT_GT(oversight_->tended().at("imo").last, last);
}

}  // namespace
}  // namespace bulkhead::vault
