// Against a real store: tests/s3/radosgw_test.py starts one and names it in the environment
// (`make test-s3`). BULKHEAD_TEST_S3 is "URL KEY SECRET", without a bucket.
#include "storage/s3.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/backend_contract.h"
#include "storage/store_for_tests.h"

namespace bulkhead::storage {
namespace {

std::optional<StoreForTests> store() { return store_for_tests("BULKHEAD_TEST_S3"); }

std::string new_bucket() { return "/bulkhead-" + to_hex(SystemRandom().bytes(6)); }

class S3Storage : public BackendContract {
 protected:
  void SetUp() override {
    if (!store()) GTEST_SKIP() << "no S3 store is named: run make test-s3";
    BackendContract::SetUp();
  }
  std::unique_ptr<Backend> make_backend() override {
    return std::move(open_s3(store()->url + new_bucket() + "/a/b", store()->options).value());
  }
};
BULKHEAD_BACKEND_CONTRACT(S3Storage)

TEST_F(S3Storage, ListsMoreThanOnePage) {
  for (unsigned i = 0; i < 1005; ++i) save(FileType::index, SeededRandom(i).bytes(20));
  EXPECT_EQ(names(FileType::index).size(), 1005u);
}

TEST_F(S3Storage, NamesAWrongSecret) {
  OpenOptions options = store()->options;
  options.s3_secret_key = "wrong";
  const auto backend =
      open_s3(store()->url + "/any", options).value()->load({FileType::config, ""});
  ASSERT_FALSE(backend);
  EXPECT_EQ(backend.error().kind(), ErrorKind::denied);
  EXPECT_THAT(backend.error().message(), testing::HasSubstr("SignatureDoesNotMatch"));
}

TEST(S3Location, SaysWhatIsMissing) {
  OpenOptions options;
  const auto without_credential = open_s3("https://s3.example/bucket", options);
  ASSERT_FALSE(without_credential);
  EXPECT_THAT(without_credential.error().message(), testing::HasSubstr("AWS_ACCESS_KEY_ID"));
  options.s3_key_id = "key";
  options.s3_secret_key = "secret";
  EXPECT_FALSE(open_s3("https://s3.example/", options));
  EXPECT_FALSE(open_s3("https://key:secret@s3.example/bucket", options));
  EXPECT_EQ(open_s3("s3.example/bucket/p/", options).value()->location(),
            "s3:https://s3.example/bucket/p/");
}

}  // namespace
}  // namespace bulkhead::storage
