#include "crypto/password_hash.h"

#include <gtest/gtest.h>

namespace bulkhead::crypto {
namespace {

TEST(PasswordHash, KnowsItsPasswordAndNoOther) {
  for (const HashStrength strength : {HashStrength::password, HashStrength::random_credential}) {
    const auto hash = hash_password("correct horse", strength);
    ASSERT_TRUE(hash);
    EXPECT_TRUE(hash->starts_with("$argon2id$v=19$"));
    EXPECT_TRUE(verify_password(*hash, "correct horse"));
    EXPECT_FALSE(verify_password(*hash, "correct horsf"));
    EXPECT_FALSE(verify_password(*hash, ""));
  }
}

TEST(PasswordHash, SaltsEachHash) {
  EXPECT_NE(hash_password("a", HashStrength::random_credential).value(),
            hash_password("a", HashStrength::random_credential).value());
}

TEST(PasswordHash, TakesNoTextThatIsNotAHash) {
  EXPECT_FALSE(verify_password("", ""));
  EXPECT_FALSE(verify_password("plain", "plain"));
  EXPECT_FALSE(verify_password("$argon2id$v=19$m=1,t=1,p=1$x", "x"));
}

}  // namespace
}  // namespace bulkhead::crypto
