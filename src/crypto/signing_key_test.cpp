#include "crypto/signing_key.h"

#include <gtest/gtest.h>

namespace bulkhead::crypto {
namespace {

TEST(SigningKey, SignatureIsOfTheKeyAndTheMessage) {
  const auto key = SigningKey::generate();
  ASSERT_TRUE(key);
  const auto signature = key->sign("message").value();
  EXPECT_EQ(signature.size(), 64u);
  const std::string pem = key->public_pem().value();
  EXPECT_TRUE(verify_signature(pem, "message", signature).value());
  EXPECT_FALSE(verify_signature(pem, "massage", signature).value());
  Bytes changed = signature;
  changed[40] ^= 1;
  EXPECT_FALSE(verify_signature(pem, "message", changed).value());
  const auto other = SigningKey::generate();
  EXPECT_FALSE(verify_signature(other->public_pem().value(), "message", signature).value());
}

TEST(SigningKey, SurvivesPem) {
  const auto key = SigningKey::generate();
  const auto again = SigningKey::from_pem(key->private_pem().value());
  ASSERT_TRUE(again);
  EXPECT_EQ(again->public_pem().value(), key->public_pem().value());
}

TEST(SigningKey, RefusesWhatIsNoKey) {
  EXPECT_EQ(SigningKey::from_pem("").error().kind(), ErrorKind::invalid);
  EXPECT_EQ(SigningKey::from_pem("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
                .error()
                .kind(),
            ErrorKind::invalid);
  EXPECT_EQ(verify_signature("no key", "m", Bytes(64)).error().kind(), ErrorKind::invalid);
}

}  // namespace
}  // namespace bulkhead::crypto
