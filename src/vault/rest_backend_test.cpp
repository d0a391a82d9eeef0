// The REST backend and the vault, each the other's test, over TLS.
#include <gtest/gtest.h>

#include "crypto/certificate.h"
#include "http/server.h"
#include "repository/parity.h"
#include "storage/backend_contract.h"
#include "storage/rest.h"
#include "vault/vault.h"

namespace bulkhead::storage {
namespace {

class RestStorage : public BackendContract {
 protected:
  RestStorage() : folder_(TemporaryDirectory::create("vault").value()) {
    using namespace crypto;
    const CertifiedKey authority = make_authority({.common_name = "Test"}, clock_).value();
    const CertifiedKey server =
        make_server_certificate(authority, {.names = {"127.0.0.1"}}, clock_).value();
    write("ca.crt", authority.certificate);
    write("vault.crt", server.certificate);
    write("vault.key", server.key);
    EXPECT_TRUE(vault::add_credential(path("credentials.toml"), {.repository = "imo/website"},
                                      kPassword, vault::Replace::no, clock_));
    vault::Configuration configuration;
    configuration.data = path("data");
    configuration.credentials.file = path("credentials.toml");
    vault_ = std::make_unique<vault::Vault>(configuration, clock_);
    EXPECT_TRUE(vault_->start());

    http::ServerOptions options;
    options.address = "127.0.0.1";
    options.certificate_file = path("vault.crt");
    options.key_file = path("vault.key");
    options.threads = 4;
    server_ = std::move(http::Server::start(options, [this](http::Request& r) {
                          return vault_->handle(r);
                        }).value());
  }

  std::unique_ptr<Backend> make_backend() override {
    return open("imo%2Fwebsite:" + std::string(kPassword), path("ca.crt"));
  }
  bool can_remove() const override { return false; }
  // The vault takes none that mends nothing.
  Bytes parity_of(ByteView pack) const override {
    return repository::make_parity(repository::PackId::of(pack), pack, 10);
  }

  std::unique_ptr<Backend> open(const std::string& credential, const Path& authority) {
    const std::string url =
        "https://" + credential + "@127.0.0.1:" + std::to_string(server_->port()) + "/imo/website";
    return std::move(open_rest(url, {.ca_certificate_file = authority}).value());
  }
  Path path(std::string_view name) const { return folder_.path() / name; }
  void write(std::string_view name, const std::string& text) {
    EXPECT_TRUE(write_file_atomic(path(name), as_bytes(text), 0600));
  }

  static constexpr std::string_view kPassword = "a-password-of-the-test";
  SystemClock clock_;
  TemporaryDirectory folder_;
  std::unique_ptr<vault::Vault> vault_;
  std::unique_ptr<http::Server> server_;
};

BULKHEAD_BACKEND_CONTRACT(RestStorage)

TEST_F(RestStorage, LocationHoldsNoCredential) {
  EXPECT_EQ(backend_->location(),
            "rest:https://127.0.0.1:" + std::to_string(server_->port()) + "/imo/website/");
}

TEST_F(RestStorage, AWrongPasswordIsDeniedAndNotTriedAgain) {
  const auto listed = open("imo%2Fwebsite:wrong", path("ca.crt"))->list(FileType::snapshot);
  ASSERT_FALSE(listed);
  EXPECT_EQ(listed.error().kind(), ErrorKind::denied);
  EXPECT_EQ(listed.error().retry(), Retry::no);
}

TEST_F(RestStorage, AServerOfAnotherAuthorityIsRefused) {
  write("other.crt", crypto::make_authority({.common_name = "Other"}, clock_).value().certificate);
  const auto listed =
      open("imo%2Fwebsite:" + std::string(kPassword), path("other.crt"))->list(FileType::snapshot);
  ASSERT_FALSE(listed);
  EXPECT_EQ(listed.error().kind(), ErrorKind::denied);
}

TEST_F(RestStorage, AVaultThatIsDownMayBeTriedAgain) {
  server_->stop(std::chrono::milliseconds(0));
  const auto saved = backend_->save({FileType::config, ""}, as_bytes("x"));
  ASSERT_FALSE(saved);
  EXPECT_EQ(saved.error().kind(), ErrorKind::unavailable);
  EXPECT_EQ(saved.error().retry(), Retry::may_help);
}

}  // namespace
}  // namespace bulkhead::storage
