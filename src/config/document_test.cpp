#include "config/document.h"

#include <gtest/gtest.h>

namespace bulkhead::config {
namespace {

using namespace std::chrono_literals;

Document parse_or_die(std::string_view text) {
  auto document = Document::parse(text, "estate.toml");
  EXPECT_TRUE(document) << document.error().message();
  return std::move(*document);
}

TEST(Document, ReadsTypedValues) {
  const Document document = parse_or_die(
      "name = \"imo\"\nport = 8443\n[limits]\nmemory = \"512MiB\"\nwait = \"15m\"\n"
      "[[rule]]\nwhen = \"canary\"\n");
  EXPECT_EQ(document.root().string("name").value(), "imo");
  EXPECT_EQ(document.root().integer("port", {.least = 1, .most = 65535}).value(), 8443);
  const Table limits = document.root().table("limits").value();
  EXPECT_EQ(limits.size("memory").value(), 512u << 20);
  EXPECT_EQ(limits.duration("wait").value(), 15min);
  EXPECT_EQ(document.root().tables("rule").value()[0].string("when").value(), "canary");
  EXPECT_TRUE(document.refuse_unknown_keys());
}

TEST(Document, ErrorNamesFileLineKeyAndAllowedValues) {
  const Document document = parse_or_die("[services.website]\nexposure = \"open\"\n");
  const Table website = document.root().table("services").value().table("website").value();
  const auto exposure = website.one_of("exposure", {"public", "sealed"});
  ASSERT_FALSE(exposure);
  EXPECT_EQ(exposure.error().message(),
            "estate.toml:2: services.website.exposure: \"open\" is not allowed; use one of "
            "public, sealed");
}

TEST(Document, MissingKeySaysWhatItMustBe) {
  const Document document = parse_or_die("[gateway]\n");
  const auto port =
      document.root().table("gateway").value().integer("https_port", {.least = 1, .most = 65535});
  ASSERT_FALSE(port);
  EXPECT_EQ(port.error().message(),
            "estate.toml:1: gateway.https_port is missing: it must be a whole number from 1 to "
            "65535");
}

TEST(Document, MisspeltKeyIsAnErrorThatSuggestsTheRightOne) {
  const Document document = parse_or_die("[gateway]\nhttp_port = 1\n");
  const Table gateway = document.root().table("gateway").value();
  EXPECT_EQ(gateway.integer("https_port", {}, 8443).value(), 8443);
  const auto unknown = document.refuse_unknown_keys();
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().message(),
            "estate.toml:2: gateway.http_port: is not a known key; did you mean \"https_port\"?");
}

TEST(Document, BytesThatAreNoTextAreNamedWithTheirLine) {
  const auto document = Document::parse("a = \"é\"\nb = \"\xff\"\nc = 1\n", "estate.toml");
  ASSERT_FALSE(document);
  EXPECT_EQ(document.error().message(), "estate.toml:2: is not UTF-8 text");
}

TEST(Document, SyntaxErrorNamesTheLine) {
  const auto document = Document::parse("a = 1\nb = = 2\n", "estate.toml");
  ASSERT_FALSE(document);
  EXPECT_TRUE(document.error().message().starts_with("estate.toml:2: "))
      << document.error().message();
}

TEST(Document, TableNameThatIsNoKeyIsAnErrorAndNoAssertion) {
  const auto document = Document::parse("[=a]\n", "estate.toml");
  ASSERT_FALSE(document);
  EXPECT_TRUE(document.error().message().starts_with("estate.toml:1: "))
      << document.error().message();
}

}  // namespace
}  // namespace bulkhead::config
