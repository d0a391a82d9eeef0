#include <gtest/gtest.h>

#include "vault/configuration.h"

namespace bulkhead::vault {
namespace {

RestServerFlags with_listen(std::string listen) {
  RestServerFlags flags;
  flags.path = "/srv/restic";
  flags.no_auth = true;
  flags.listen = std::move(listen);
  return flags;
}

TEST(RestServerFlags, ReadsEveryFormOfListen) {
  EXPECT_EQ(configuration_of(with_listen(":8000"))->address, "::");
  EXPECT_EQ(configuration_of(with_listen(":8000"))->port, 8000);
  EXPECT_EQ(configuration_of(with_listen("192.0.2.1:80"))->address, "192.0.2.1");
  EXPECT_EQ(configuration_of(with_listen("[::1]:80"))->address, "::1");
  EXPECT_EQ(configuration_of(with_listen("localhost:80"))->address, "127.0.0.1");
  EXPECT_EQ(configuration_of(with_listen("unix:/run/v.sock"))->unix_socket, "/run/v.sock");
  for (const char* wrong : {"", "8000", "127.0.0.1:", "127.0.0.1:70000", "127.0.0.1:x"}) {
    EXPECT_FALSE(configuration_of(with_listen(wrong))) << wrong;
  }
}

TEST(RestServerFlags, TakesTlsFilesFromTheFolderUnlessTheyAreNamed) {
  RestServerFlags flags = with_listen(":0");
  flags.tls = true;
  EXPECT_EQ(configuration_of(flags)->certificate, "/srv/restic/public_key");
  EXPECT_EQ(configuration_of(flags)->key, "/srv/restic/private_key");
  flags.tls_cert = "/etc/a.pem";
  EXPECT_EQ(configuration_of(flags)->certificate, "/etc/a.pem");
  flags.tls = false;
  EXPECT_FALSE(configuration_of(flags));
}

TEST(RestServerFlags, ServesNobodyUnnoticedWithoutPasswords) {
  RestServerFlags flags = with_listen(":0");
  flags.no_auth = false;
  const auto missing = configuration_of(flags);
  ASSERT_FALSE(missing);
  EXPECT_NE(missing.error().message().find(".htpasswd"), std::string::npos);
  flags.no_auth = true;
  flags.private_repos = true;
  EXPECT_FALSE(configuration_of(flags));
  flags.private_repos = false;
  flags.path.clear();
  EXPECT_FALSE(configuration_of(flags));
}

}  // namespace
}  // namespace bulkhead::vault
