#include "crypto/htpasswd_hash.h"

#include <gtest/gtest.h>

namespace bulkhead::crypto {
namespace {

// Made by `openssl dgst -sha1 -binary | base64`, and by htpasswd -B.
constexpr std::string_view kSha1 = "{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=";
constexpr std::string_view kBcrypt = "$2y$05$/J.y3aG8R5caP5tlFfnoR.c8jYVg9rq4QankUJVSeQ9LjzykixDhy";

TEST(HtpasswdHash, KnowsTheRightPasswordFromOthers) {
  for (const std::string_view hash : {kSha1, kBcrypt}) {
    EXPECT_TRUE(is_htpasswd_hash(hash));
    EXPECT_TRUE(verify_htpasswd(hash, "password"));
    EXPECT_FALSE(verify_htpasswd(hash, "Password"));
    EXPECT_FALSE(verify_htpasswd(hash, ""));
  }
}

TEST(HtpasswdHash, OpensNothingWithATextThatIsNoHash) {
  for (const std::string_view text : {"", "password", "{SHA}", "{SHA}!!", "$apr1$x$y", "$2y$05$x",
                                      "$argon2id$v=19$m=8192,t=1,p=1$x$y"}) {
    EXPECT_FALSE(verify_htpasswd(text, "password")) << text;
  }
}

}  // namespace
}  // namespace bulkhead::crypto
