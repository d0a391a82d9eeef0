// Against a store: tests/s3/radosgw_test.py.
#include "vault/locked_copies.h"

#include <gtest/gtest.h>

namespace bulkhead::vault {
namespace {

class LockedCopiesTest : public testing::Test {
 protected:
  // Nothing listens on port 1.
  LockedCopiesTest() {
    store_.bucket = "http://127.0.0.1:1/bucket/geneva";
    store_.access = folder_.path() / "s3-access";
    store_.retention = std::chrono::hours(24);
  }
  Result<std::unique_ptr<LockedCopies>> open(std::string_view access) {
    EXPECT_TRUE(write_file_atomic(store_.access, as_bytes(access), 0600));
    return LockedCopies::open(store_, clock_, [this] { return clock_.now(); });
  }

  const TemporaryDirectory folder_ = TemporaryDirectory::create("locked-copies").value();
  SystemClock clock_;
  ObjectStore store_;
};

TEST_F(LockedCopiesTest, NoneAreKeptWhereNoStoreIsConfigured) {
  const auto none = LockedCopies::open({}, clock_, [this] { return clock_.now(); });
  ASSERT_TRUE(none);
  EXPECT_EQ(*none, nullptr);
}

TEST_F(LockedCopiesTest, AStoreThatDoesNotAnswerIsNotTrusted) {
  const auto refused = open("id\nsecret\n");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), ErrorKind::unavailable);
  EXPECT_NE(refused.error().message().find("the object store"), std::string::npos);
}

TEST_F(LockedCopiesTest, AnAccessFileOfAnotherFormIsRefusedAndNotShown) {
  for (const char* access : {"", "id", "id\n", "\nsecret\n"}) {
    const auto refused = open(access);
    ASSERT_FALSE(refused) << access;
    EXPECT_EQ(refused.error().kind(), ErrorKind::invalid);
    EXPECT_EQ(refused.error().message().find("secret\n"), std::string::npos);
  }
}

TEST_F(LockedCopiesTest, TheConfigurationNamesIt) {
  const Path file = folder_.path() / "vault.toml";
  const std::string head =
      "address = \"127.0.0.1\"\nport = 0\ndata = \"data\"\ncertificate = \"c\"\nkey = \"k\"\n"
      "credentials = \"credentials\"\n[object_store]\nbucket = \"https://s3.example/vault\"\n"
      "access = \"s3-access\"\n";
  ASSERT_TRUE(write_file_atomic(file, as_bytes(head + "retention = \"30d\"\n")));
  const auto read = read_configuration(file);
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(read->object_store.bucket, "https://s3.example/vault");
  EXPECT_EQ(read->object_store.access, folder_.path() / "s3-access");
  EXPECT_EQ(read->object_store.retention, std::chrono::hours(24 * 30));
  ASSERT_TRUE(write_file_atomic(file, as_bytes(head + "retention = \"0s\"\n")));
  EXPECT_FALSE(read_configuration(file));
}

}  // namespace
}  // namespace bulkhead::vault
