// The contract of storage/locked_store.h, on the store in memory and on a real one, whose bucket
// with object lock tests/s3/radosgw_test.py names: BULKHEAD_TEST_S3_LOCKED is "URL KEY SECRET".
#include "storage/locked_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/random.h"
#include "crypto/sha256.h"
#include "storage/memory_locked_store.h"
#include "storage/s3.h"
#include "storage/store_for_tests.h"

namespace bulkhead::storage {
namespace {

using namespace std::chrono_literals;

class LockedStoreContract : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (std::string_view(GetParam()) == "memory") {
      store_ = std::make_unique<MemoryLockedStore>(clock_);
      return;
    }
    const auto named = store_for_tests("BULKHEAD_TEST_S3_LOCKED");
    if (!named) GTEST_SKIP() << "no S3 store is named: run make test-s3";
    url_ = named->url + "/" + to_hex(SystemRandom().bytes(6));
    options_ = named->options;
    store_ = open_locked_s3(url_, options_).value();
  }
  FileId put(FileType type, std::string_view content) {
    const FileId id{type,
                    type == FileType::config ? "" : to_hex(crypto::sha256(as_bytes(content)))};
    const auto done = store_->put(id, as_bytes(content), clock_.now() + 1h);
    EXPECT_TRUE(done) << done.error().message();
    return id;
  }
  // What a store's key may do; the two stores have it in different ways.
  void cover(const FileId& id, std::string_view content) {
    if (url_.empty()) {
      static_cast<MemoryLockedStore&>(*store_).cover(id, as_bytes(content));
    } else {
      ASSERT_TRUE(store_->put(id, as_bytes(content), clock_.now() + 1s));
    }
  }
  void hide(const FileId& id) {
    if (url_.empty()) {
      static_cast<MemoryLockedStore&>(*store_).hide(id);
    } else {
      ASSERT_TRUE(open_s3(url_, options_).value()->remove(id));
    }
  }

  const SystemClock clock_;
  std::string url_;
  OpenOptions options_;
  std::unique_ptr<LockedStore> store_;
};

TEST_P(LockedStoreContract, TellsWhatIsThereAndUntilWhenItIsLocked) {
  for (const FileType type : {FileType::config, FileType::key, FileType::data, FileType::parity}) {
    const FileId id = put(type, "content");
    const auto newest = store_->newest(id);
    ASSERT_TRUE(newest) << newest.error().message();
    EXPECT_EQ(newest->size, 7u);
    EXPECT_EQ(newest->md5, md5_of(as_bytes("content")));
    ASSERT_TRUE(newest->locked_until);
    EXPECT_GT(*newest->locked_until, clock_.now() + 50min);
    const auto content = store_->load(id, newest->version);
    ASSERT_TRUE(content) << content.error().message();
    EXPECT_EQ(as_text(*content), "content");
  }
}

TEST_P(LockedStoreContract, MovesALockFurtherAwayAndNeverNearer) {
  const FileId id = put(FileType::snapshot, "content");
  const std::string version = store_->newest(id).value().version;
  const auto extended = store_->extend(id, version, clock_.now() + 2h);
  ASSERT_TRUE(extended) << extended.error().message();
  EXPECT_GT(store_->newest(id).value().locked_until.value(), clock_.now() + 110min);
  EXPECT_TRUE(store_->extend(id, version, clock_.now() + 1h));
  EXPECT_GT(store_->newest(id).value().locked_until.value(), clock_.now() + 110min);
  EXPECT_FALSE(store_->extend(id, "no-such-version", clock_.now() + 3h));
}

TEST_P(LockedStoreContract, WhatIsCoveredOrHiddenIsStillFound) {
  const FileId id = put(FileType::data, "content");
  cover(id, "other bytes");
  EXPECT_EQ(store_->newest(id).value().size, 11u);
  hide(id);
  const auto hidden = store_->newest(id);
  ASSERT_FALSE(hidden);
  EXPECT_EQ(hidden.error().kind(), ErrorKind::not_found);
  const auto versions = store_->versions_of(id);
  ASSERT_TRUE(versions) << versions.error().message();
  ASSERT_EQ(versions->size(), 2u);
  EXPECT_EQ(versions->front().size, 7u) << "the oldest first";
  EXPECT_EQ(as_text(store_->load(id, versions->front().version).value()), "content");
  EXPECT_EQ(as_text(store_->load(id, versions->back().version).value()), "other bytes");
  const auto all = store_->versions(FileType::data);
  ASSERT_TRUE(all) << all.error().message();
  EXPECT_EQ(all->size(), 2u);
}

TEST_P(LockedStoreContract, ListsEachTypeByItself) {
  const FileId config = put(FileType::config, "c");
  const FileId pack = put(FileType::data, "pack");
  const FileId index = put(FileType::index, "index");
  ASSERT_EQ(store_->versions(FileType::data).value().size(), 1u);
  const LockedVersion listed = store_->versions(FileType::data).value().front();
  EXPECT_EQ(listed.name, pack.name);
  EXPECT_EQ(listed.size, 4u);
  EXPECT_GT(listed.stored, clock_.now() - 1h);
  EXPECT_EQ(store_->versions(FileType::index).value().front().name, index.name);
  EXPECT_EQ(store_->versions(FileType::config).value().front().name, "");
  EXPECT_TRUE(store_->versions(FileType::snapshot).value().empty());
  EXPECT_TRUE(store_->versions_of({FileType::key, index.name}).value().empty());
}

TEST_P(LockedStoreContract, AnswersNotFoundForWhatIsMissing) {
  const FileId id{FileType::data, std::string(64, 'a')};
  EXPECT_EQ(store_->newest(id).error().kind(), ErrorKind::not_found);
  EXPECT_FALSE(store_->load(id, "1"));
  EXPECT_FALSE(store_->put({FileType::data, "../x"}, as_bytes("x"), clock_.now() + 1h));
}

INSTANTIATE_TEST_SUITE_P(Stores, LockedStoreContract, testing::Values("memory", "S3"),
                         [](const auto& info) { return std::string(info.param); });

TEST(LockedS3, ListsMoreThanOnePage) {
  const auto named = store_for_tests("BULKHEAD_TEST_S3_LOCKED");
  if (!named) GTEST_SKIP() << "no S3 store is named: run make test-s3";
  const auto store =
      open_locked_s3(named->url + "/" + to_hex(SystemRandom().bytes(6)), named->options).value();
  const WallTime until = SystemClock().now() + 1min;
  for (unsigned i = 0; i < 1005; ++i) {
    const Bytes content = SeededRandom(i).bytes(20);
    ASSERT_TRUE(store->put({FileType::index, to_hex(crypto::sha256(content))}, content, until));
  }
  EXPECT_EQ(store->versions(FileType::index).value().size(), 1005u);
}

TEST(LockedS3, ProvesALockThatHolds) {
  const auto named = store_for_tests("BULKHEAD_TEST_S3_LOCKED");
  if (!named) GTEST_SKIP() << "no S3 store is named: run make test-s3";
  const auto proven = prove_object_lock(named->url, named->options, 30s, SystemClock());
  EXPECT_TRUE(proven) << proven.error().message();
}

TEST(LockedS3, RefusesABucketWithoutALock) {
  const auto named = store_for_tests("BULKHEAD_TEST_S3");
  if (!named) GTEST_SKIP() << "no S3 store is named: run make test-s3";
  const std::string url = named->url + "/bulkhead-" + to_hex(SystemRandom().bytes(6));
  ASSERT_TRUE(open_s3(url, named->options).value()->create());
  const auto proven = prove_object_lock(url, named->options, 30s, SystemClock());
  ASSERT_FALSE(proven);
  EXPECT_THAT(proven.error().message(), testing::HasSubstr("object lock"));
}

}  // namespace
}  // namespace bulkhead::storage
