#include "supervisor/exposure/pass.h"

#include <gtest/gtest.h>

#include "base/text.h"
#include "json/value.h"

namespace bulkhead::supervisor {
namespace {

using namespace std::chrono_literals;

TEST(Pass, IsAJwtThatThePublicKeyVerifies) {
  const auto key = crypto::SigningKey::generate();
  const ManualClock clock(from_rfc3339("2026-01-02T03:04:05Z").value());
  SeededRandom random(1);
  const auto pass =
      issue_pass(*key, {.estate = "imo", .role = "operator", .life = 30min}, clock, random);
  ASSERT_TRUE(pass) << pass.error().message();
  const auto parts = split(*pass, '.');
  ASSERT_EQ(parts.size(), 3u);
  const std::string signed_part = pass->substr(0, parts[0].size() + 1 + parts[1].size());
  EXPECT_TRUE(crypto::verify_signature(key->public_pem().value(), signed_part,
                                       from_base64url(parts[2]).value())
                  .value());
  const auto claims = json::parse(as_text(from_base64url(parts[1]).value())).value();
  EXPECT_EQ(claims["aud"].to_string("aud").value(), "bulkhead:imo");
  EXPECT_EQ(claims["role"].to_string("role").value(), "operator");
  EXPECT_EQ(claims["exp"].to_i64("exp").value() - claims["iat"].to_i64("iat").value(), 1800);
}

TEST(Pass, RefusesOtherRolesAndLongLives) {
  const auto key = crypto::SigningKey::generate();
  const SystemClock clock;
  SeededRandom random(1);
  for (const PassRequest& request :
       {PassRequest{"imo", "admin", 5min}, PassRequest{"imo", "", 5min},
        PassRequest{"imo", "member", 0min}, PassRequest{"imo", "member", 481min}}) {
    const auto pass = issue_pass(*key, request, clock, random);
    ASSERT_FALSE(pass);
    EXPECT_EQ(pass.error().kind(), ErrorKind::invalid);
  }
}

}  // namespace
}  // namespace bulkhead::supervisor
