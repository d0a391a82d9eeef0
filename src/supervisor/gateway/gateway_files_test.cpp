// The files that the gateway reads, judged by HAProxy itself.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/process.h"
#include "crypto/signing_key.h"
#include "supervisor/gateway/configuration.h"
#include "supervisor/gateway/files.h"
#include "supervisor/gateway/gateway_user.h"
#include "supervisor/gateway/pages.h"

namespace bulkhead::supervisor {
namespace {

using testing::HasSubstr;
using testing::Not;
using namespace std::chrono_literals;

RunResult run_in(const Path& folder, std::vector<std::string> arguments) {
  ProcessOptions options;
  options.arguments = std::move(arguments);
  options.environment = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin"};
  options.directory = folder;
  auto result = run(std::move(options), {}, 1 << 20, 60s);
  EXPECT_TRUE(result) << result.error().message();
  return std::move(*result);
}

class GatewayFiles : public testing::Test {
 protected:
  void SetUp() override {
    estate_ = read_estate(Path(BULKHEAD_SOURCE_DIR) / "estates/imo").value();
    ASSERT_TRUE(make_directories(layout_.secrets()));
    ASSERT_TRUE(make_directories(layout_.run()));
    const auto key = crypto::SigningKey::generate();
    ASSERT_TRUE(write_file_atomic(layout_.pass_key(), as_bytes(key->private_pem().value()), 0600));
  }

  std::string text_of(const Path& name) {
    return read_text_file(layout_.folder() / name, 1 << 20).value();
  }

  TemporaryDirectory folder_ = TemporaryDirectory::create("bulkhead-gateway").value();
  Layout layout_{folder_.path()};
  Messages messages_ = Messages::load().value();
  Estate estate_;
};

TEST_F(GatewayFiles, HaproxyAcceptsTheConfigurationWithoutWarnings) {
  estate_.gateway.http_port = 8080;
  ASSERT_TRUE(write_gateway_files(estate_, layout_, messages_));
  const RunResult certificate = run_in(
      layout_.folder(), {"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                         "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=localhost", "-keyout",
                         "secrets/gateway.pem.key", "-out", "secrets/gateway.pem"});
  ASSERT_TRUE(certificate.status.success()) << certificate.error_output;
  const RunResult check =
      run_in(layout_.folder(), {"/usr/sbin/haproxy", "-c", "-f", "gateway/haproxy.cfg"});
  EXPECT_TRUE(check.status.success()) << check.output << check.error_output;
  EXPECT_THAT(check.output + check.error_output, Not(HasSubstr("WARNING")));
}

TEST_F(GatewayFiles, ExposureOnDiskOutlivesTheFileThatTheEstateBeganWith) {
  ASSERT_TRUE(write_gateway_files(estate_, layout_, messages_));
  auto exposures = read_exposures(estate_, layout_).value();
  EXPECT_EQ(exposures["gisis"], Exposure::public_);
  exposures["gisis"] = Exposure::sealed;
  exposures["website"] = Exposure::read_only;
  ASSERT_TRUE(write_exposures(exposures, layout_));
  ASSERT_TRUE(write_gateway_files(estate_, layout_, messages_));
  EXPECT_EQ(read_exposures(estate_, layout_).value(), exposures);
  EXPECT_THAT(text_of(kExposureMap), HasSubstr("gisis sealed\n"));
}

TEST_F(GatewayFiles, DamagedExposureCountsAsSealed) {
  ASSERT_TRUE(make_directories(layout_.gateway()));
  ASSERT_TRUE(
      write_file_atomic(layout_.folder() / kExposureMap,
                        as_bytes("gisis pubic\nwebsite\nunknown public\nimodocs public\n")));
  const auto exposures = read_exposures(estate_, layout_).value();
  EXPECT_EQ(exposures.at("gisis"), Exposure::sealed);
  EXPECT_EQ(exposures.at("website"), Exposure::sealed);
  EXPECT_EQ(exposures.at("imodocs"), Exposure::public_);
  EXPECT_FALSE(exposures.contains("unknown"));
}

TEST_F(GatewayFiles, RootGivesTheGatewayAUserOfItsOwnThatFindsNothingButWhatItServes) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give user ids";
  ASSERT_TRUE(write_gateway_files(estate_, layout_, messages_));
  const auto user = gateway_user(layout_);
  ASSERT_TRUE(user);
  EXPECT_NE(*user, 0u);
  EXPECT_THAT(text_of("gateway/haproxy.cfg"),
              HasSubstr(fmt::format("uid {0}\n  gid {0}\n", *user)));
  struct stat run{};
  ASSERT_EQ(::stat(layout_.run().c_str(), &run), 0);
  EXPECT_EQ(run.st_gid, *user);
  EXPECT_EQ(run.st_mode & 07777, 0710u);
}

TEST_F(GatewayFiles, MapsNameEveryHost) {
  EXPECT_THAT(hosts_map(estate_), HasSubstr("books.publications.localhost publications\n"));
  EXPECT_THAT(hosts_map(estate_), Not(HasSubstr("mail")));
  EXPECT_THAT(cleanroom_map(estate_), HasSubstr("gisis.cleanroom.localhost gisis\n"));
  EXPECT_THAT(cleanroom_map(estate_),
              HasSubstr("books.publications.cleanroom.localhost publications\n"));
}

TEST_F(GatewayFiles, SealedPageSpeaksTheLanguageAndLinksToTheStatusPage) {
  const std::string arabic = gateway_page(kGatewayPages[0], "ar", messages_, estate_);
  EXPECT_THAT(arabic, HasSubstr("<html lang=\"ar\" dir=\"rtl\">"));
  EXPECT_THAT(arabic, HasSubstr("https://status.localhost:8443/ar/"));
  EXPECT_THAT(arabic, Not(HasSubstr("<script")));
  EXPECT_THAT(gateway_problem(kGatewayPages[0], messages_, estate_), HasSubstr("\"status\":503"));
}

TEST_F(GatewayFiles, HaproxysOwnErrorsAnnounceTheirTrueLength) {
  const std::string message = gateway_error_message(502, kGatewayPages[1], messages_, estate_);
  const std::size_t end = message.find("\r\n\r\n");
  ASSERT_NE(end, std::string::npos);
  EXPECT_THAT(message,
              HasSubstr("Content-Length: " + std::to_string(message.size() - end - 4) + "\r\n"));
  // HAProxy keeps it in one buffer of 16 KiB with room for rewriting.
  EXPECT_LT(message.size(), 15u * 1024);
}

}  // namespace
}  // namespace bulkhead::supervisor
