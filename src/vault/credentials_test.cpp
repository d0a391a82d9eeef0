#include "vault/credentials.h"

#include <gtest/gtest.h>

#include "vault/rate_limit.h"

namespace bulkhead::vault {
namespace {

constexpr std::string_view kPassword = "a-password-of-the-test";
// Of the password "password".
constexpr std::string_view kSha1 = "{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=";

std::string basic(const std::string& user, std::string_view password) {
  return "Basic " + to_base64(to_bytes(user + ":" + std::string(password)));
}

class CredentialsTest : public testing::Test {
 protected:
  CredentialsTest() : folder_(TemporaryDirectory::create("credentials").value()) {}
  Path file() const { return folder_.path() / "credentials"; }
  void write(const std::string& text) {
    ASSERT_TRUE(write_file_atomic(file(), as_bytes(text), 0600));
  }
  static Result<Access> ask(Credentials& credentials, const std::string& user,
                            std::string_view password) {
    const std::string header = basic(user, password);
    return credentials.authenticate({header, ""});
  }

  ManualClock clock_{WallTime(std::chrono::seconds(1'600'000'000))};
  TemporaryDirectory folder_;
};

TEST_F(CredentialsTest, AUserHasTheRoleAndTheRepositoryThatItWasGiven) {
  ASSERT_TRUE(add_credential(file(), {.repository = "imo"}, kPassword, Replace::no, clock_));
  ASSERT_TRUE(add_credential(
      file(), {.user = "auditor", .repository = "imo", .role = Role::read, .hash = "", .added = ""},
      kPassword, Replace::no, clock_));
  Credentials credentials({.form = CredentialForm::own_file, .file = file()});
  ASSERT_TRUE(credentials.load());
  EXPECT_EQ(ask(credentials, "imo", kPassword)->role, Role::write);
  const auto auditor = ask(credentials, "auditor", kPassword);
  ASSERT_TRUE(auditor);
  EXPECT_EQ(auditor->role, Role::read);
  EXPECT_TRUE(auditor->opens("imo"));
  EXPECT_FALSE(auditor->opens("imo/website"));
  EXPECT_FALSE(auditor->opens("auditor"));
  ASSERT_TRUE(remove_credential(file(), "auditor"));
  EXPECT_FALSE(ask(credentials, "auditor", kPassword));
  EXPECT_FALSE(remove_credential(file(), "auditor"));
}

TEST_F(CredentialsTest, ACredentialWithoutUserAndRoleWritesItsRepositoryAsBefore) {
  ASSERT_TRUE(add_credential(file(), {.repository = "imo"}, kPassword, Replace::no, clock_));
  const std::string hash = read_credentials(file())->front().hash;
  write("[[credential]]\nrepository = \"imo\"\nhash = \"" + hash + "\"\nadded = \"2026\"\n");
  Credentials credentials({.form = CredentialForm::own_file, .file = file()});
  ASSERT_TRUE(credentials.load());
  EXPECT_EQ(ask(credentials, "imo", kPassword)->role, Role::write);
}

TEST_F(CredentialsTest, ACertificateOpensAsLongAsItIsListed) {
  const std::string fingerprint(64, 'a');
  ASSERT_TRUE(add_credential(
      file(), {.user = "london", .repository = "imo", .hash = "", .certificate = fingerprint},
      std::nullopt, Replace::no, clock_));
  Credentials credentials({.form = CredentialForm::own_file, .file = file()});
  ASSERT_TRUE(credentials.load());
  EXPECT_EQ(credentials.authenticate({std::nullopt, fingerprint})->user, "london");
  EXPECT_FALSE(credentials.authenticate({std::nullopt, std::string(64, 'b')}));
  EXPECT_FALSE(credentials.authenticate({std::nullopt, ""}));
  ASSERT_TRUE(remove_credential(file(), "london"));
  EXPECT_FALSE(credentials.authenticate({std::nullopt, fingerprint}));
}

TEST_F(CredentialsTest, RefusesAFileThatIsAmbiguous) {
  for (const char* text :
       {"[[credential]]\nrepository = \"imo\"\nadded = \"\"\n",
        "[[credential]]\nrepository = \"imo\"\nhash = \"plain\"\nadded = \"\"\n",
        "[[credential]]\nrepository = \"imo\"\ncertificate = \"xyz\"\nadded = \"\"\n",
        "[[credential]]\nrepository = \"..\"\nhash = \"$argon2id$\"\nadded = \"\"\n",
        "[[credential]]\nrepository = \"imo\"\nhash = \"$argon2id$\"\nadded = \"\"\nrole = "
        "\"x\"\n"}) {
    write(text);
    EXPECT_FALSE(Credentials({.form = CredentialForm::own_file, .file = file()}).load()) << text;
  }
}

TEST_F(CredentialsTest, AnHtpasswdFileOpensEverythingOrOnesOwnFolder) {
  write("# people\nanna:" + std::string(kSha1) + "\nbert:$apr1$x$y\n\n");
  Credentials all({CredentialForm::htpasswd, file(), Reach::every_repository});
  ASSERT_TRUE(all.load());
  EXPECT_TRUE(ask(all, "anna", "password")->opens("other"));
  EXPECT_FALSE(ask(all, "anna", "Password"));
  EXPECT_FALSE(ask(all, "bert", "password"));
  EXPECT_FALSE(ask(all, "nobody", "password"));
  Credentials own({CredentialForm::htpasswd, file(), Reach::own_folder});
  ASSERT_TRUE(own.load());
  const auto anna = ask(own, "anna", "password");
  EXPECT_TRUE(anna->opens("anna"));
  EXPECT_TRUE(anna->opens("anna/laptop"));
  EXPECT_FALSE(anna->opens("annabel"));
  EXPECT_FALSE(anna->opens(""));
}

TEST(RateLimit, LetsABurstThroughAndThenTheRate) {
  ManualClock clock{WallTime(std::chrono::seconds(1))};
  RateLimit limit({.requests = 2, .bytes = 0}, clock);
  for (int i = 0; i < 20; ++i) EXPECT_FALSE(limit.take(0)) << i;
  EXPECT_EQ(limit.take(0), std::chrono::seconds(1));
  clock.advance(std::chrono::seconds(1));
  EXPECT_FALSE(limit.take(0));
  EXPECT_FALSE(limit.take(0));
  EXPECT_TRUE(limit.take(0));
}

TEST(RateLimit, WhatIsLargerThanTheBucketPassesOnceItIsFullAndIsPaidAfterwards) {
  ManualClock clock{WallTime(std::chrono::seconds(1))};
  RateLimit limit({.requests = 0, .bytes = 100}, clock);
  EXPECT_FALSE(limit.take(5000));
  EXPECT_TRUE(limit.take(1));
  clock.advance(std::chrono::seconds(39));
  EXPECT_TRUE(limit.take(1));
  clock.advance(std::chrono::seconds(11));
  EXPECT_FALSE(limit.take(1000));
}

TEST(RateLimit, WithoutALimitNobodyWaits) {
  ManualClock clock{WallTime(std::chrono::seconds(1))};
  RateLimit limit({}, clock);
  for (int i = 0; i < 1000; ++i) EXPECT_FALSE(limit.take(1u << 30));
}

}  // namespace
}  // namespace bulkhead::vault
