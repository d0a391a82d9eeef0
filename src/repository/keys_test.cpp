// Passwords come and go; the repository stays.
#include "repository/keys.h"

#include "repository/key_file.h"
#include "repository/repository_fixture.h"

namespace bulkhead::repository {
namespace {

using KeysTest = RepositoryTest;

const NewKey kPurser{.username = {}, .hostname = {}, .scrypt_n = 16};

TEST_F(KeysTest, OpenWithEachPasswordUntilItIsRemoved) {
  const NewKey purser{.username = "purser", .hostname = "geneva", .scrypt_n = 16};
  const std::string added = add_key(*repository_, "second", purser).value();
  const auto keys = list_keys(*repository_).value();
  ASSERT_EQ(keys.size(), 2u);
  for (const KeyInfo& key : keys) {
    EXPECT_EQ(key.current, key.id != added);
    if (key.id == added) {
      EXPECT_EQ(key.username + "@" + key.hostname, "purser@geneva");
    }
  }
  auto second = Repository::open(reach(memory_), "second", quick());
  ASSERT_TRUE(second) << second.error().message();
  EXPECT_EQ((*second)->key_name(), added);
  EXPECT_EQ((*second)->id(), repository_->id());
  EXPECT_EQ(remove_key(**second, added).error().kind(), ErrorKind::invalid) << "it is in use";
  EXPECT_EQ(remove_key(**second, "").error().kind(), ErrorKind::not_found);
  EXPECT_TRUE(remove_key(**second, repository_->key_name().substr(0, 16)));
  EXPECT_EQ(Repository::open(reach(memory_), kPassword, quick()).error().kind(), ErrorKind::denied);
}

TEST_F(KeysTest, ChangingThePasswordLeavesOneKey) {
  ASSERT_TRUE(change_password(*repository_, "new", kPurser));
  EXPECT_EQ(memory_.list(storage::FileType::key)->size(), 1u);
  EXPECT_FALSE(Repository::open(reach(memory_), kPassword, quick()));
  EXPECT_TRUE(Repository::open(reach(memory_), "new", quick()));
}

TEST_F(KeysTest, RefusesMoreKeysThanAreTried) {
  for (std::size_t i = 1; i < kKeysTriedMax; ++i) {
    ASSERT_TRUE(add_key(*repository_, "p" + std::to_string(i), kPurser));
  }
  EXPECT_EQ(add_key(*repository_, "one more", kPurser).error().kind(), ErrorKind::limit);
  RepositoryOptions hinted = quick();
  hinted.key_hint = repository_->key_name().substr(0, 8);
  EXPECT_TRUE(Repository::open(reach(memory_), kPassword, hinted));
}

}  // namespace
}  // namespace bulkhead::repository
