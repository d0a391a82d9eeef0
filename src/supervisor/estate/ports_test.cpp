#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "supervisor/estate/create.h"

namespace bulkhead::supervisor {
namespace {

using testing::HasSubstr;

TEST(Ports, ChangeInPlaceAndKeepEverythingElse) {
  const std::string text =
      read_text_file(Path(BULKHEAD_SOURCE_DIR) / "estates/imo/estate.toml", 1 << 20).value();
  const auto changed =
      with_ports(text, {{"https", 9443}, {"http", 9080}, {"vault", 9444}, {"mail.imap", 9993}});
  ASSERT_TRUE(changed) << changed.error().message();
  const auto estate = parse_estate(*changed, "estate.toml");
  ASSERT_TRUE(estate) << estate.error().message();
  EXPECT_EQ(estate->gateway.https_port, 9443);
  EXPECT_EQ(estate->gateway.http_port, 9080);
  EXPECT_EQ(estate->vault.url, "https://127.0.0.1:9444/");
  EXPECT_EQ(estate->find("mail")->ports[1].port, 9993);
  EXPECT_EQ(estate->find("mail")->ports[0].port, 8025);
  EXPECT_THAT(*changed, HasSubstr("# a port that redirects to https"));
  EXPECT_EQ(with_ports(text, {}).value(), text);
}

TEST(Ports, UnknownOnesAreRefused) {
  const auto changed = with_ports("[gateway]\nhttps_port = 1\n", {{"mail.pop", 110}});
  ASSERT_FALSE(changed);
  EXPECT_EQ(changed.error().kind(), ErrorKind::not_found);
}

}  // namespace
}  // namespace bulkhead::supervisor
