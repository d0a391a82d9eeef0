#include "crypto/certificate.h"

#include <gtest/gtest.h>

#include "base/file.h"
#include "base/process.h"

namespace bulkhead::crypto {
namespace {

using namespace std::chrono_literals;

struct Made {
  CertifiedKey authority;
  CertifiedKey server;
};

Made make_both() {
  const SystemClock clock;
  Made made;
  made.authority = make_authority({.common_name = "Test estate"}, clock).value();
  made.server = make_server_certificate(
                    made.authority,
                    {.names = {"website.localhost", "*.estate.test", "127.0.0.1", "::1"}}, clock)
                    .value();
  return made;
}

std::string openssl(std::vector<std::string> arguments, int expected_code) {
  arguments.insert(arguments.begin(), "openssl");
  const auto result =
      run({.arguments = arguments, .environment = {"PATH=/usr/bin:/bin"}}, {}, 1 << 20, 30s);
  EXPECT_TRUE(result);
  EXPECT_EQ(result->status.code, expected_code) << result->output << result->error_output;
  return result->output;
}

TEST(Certificate, IsAcceptedByOpensslForEachOfItsNames) {
  const Made made = make_both();
  const auto folder = TemporaryDirectory::create("certificate");
  ASSERT_TRUE(folder);
  const std::string ca = folder->path() / "ca.crt";
  const std::string server = folder->path() / "server.crt";
  ASSERT_TRUE(write_file_atomic(ca, as_bytes(made.authority.certificate)));
  ASSERT_TRUE(write_file_atomic(server, as_bytes(made.server.certificate)));
  const std::vector<std::string> verify = {"verify",    "-x509_strict", "-purpose",
                                           "sslserver", "-CAfile",      ca};
  const auto with = [&](std::string option, std::string value) {
    std::vector<std::string> arguments = verify;
    arguments.insert(arguments.end(), {std::move(option), std::move(value), server});
    return arguments;
  };
  openssl(with("-verify_hostname", "website.localhost"), 0);
  openssl(with("-verify_hostname", "gisis.estate.test"), 0);
  openssl(with("-verify_ip", "127.0.0.1"), 0);
  openssl(with("-verify_ip", "::1"), 0);
  openssl(with("-verify_hostname", "imo.example"), 2);
}

TEST(Certificate, SaysWhatItHolds) {
  const Made made = make_both();
  const auto server = read_certificate(made.server.certificate);
  ASSERT_TRUE(server);
  EXPECT_EQ(server->subject, "website.localhost");
  EXPECT_EQ(server->names,
            (std::vector<std::string>{"website.localhost", "*.estate.test", "127.0.0.1", "::1"}));
  EXPECT_FALSE(server->is_authority);
  EXPECT_LT(server->not_before, SystemClock().now());
  EXPECT_GT(server->not_after, SystemClock().now() + std::chrono::days(397));
  EXPECT_TRUE(read_certificate(made.authority.certificate)->is_authority);
}

TEST(Certificate, RefusesNamesThatAreSyntaxAndForeignKeys) {
  const SystemClock clock;
  const Made made = make_both();
  for (const char* name : {"", "a,DNS:evil.example", "a b", "x\ny"}) {
    EXPECT_FALSE(make_server_certificate(made.authority, {.names = {name}}, clock)) << name;
  }
  EXPECT_FALSE(make_server_certificate(made.authority, {.names = {}}, clock));
  CertifiedKey mixed = made.authority;
  mixed.key = make_both().authority.key;
  EXPECT_FALSE(make_server_certificate(mixed, {.names = {"a"}}, clock));
  EXPECT_FALSE(read_certificate("no certificate"));
}

}  // namespace
}  // namespace bulkhead::crypto
