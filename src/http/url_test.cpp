#include "http/url.h"

#include <gtest/gtest.h>

namespace bulkhead::http {
namespace {

TEST(Path, IsDecodedAndNormalised) {
  EXPECT_EQ(normalise_path("/a/b").value(), "/a/b");
  EXPECT_EQ(normalise_path("/").value(), "/");
  EXPECT_EQ(normalise_path("//a///b/./c/../d").value(), "/a/b/d");
  EXPECT_EQ(normalise_path("/en/").value(), "/en/");
  EXPECT_EQ(normalise_path("/a/..").value(), "/");
  EXPECT_EQ(normalise_path("/%D0%B8%D0%BC%D0%BE").value(), "/имо");
}

TEST(Path, RefusesWhatLeadsAboveTheRootOrHidesBytes) {
  for (const char* path : {"", "a", "/..", "/a/../../b", "/%2e%2e/x", "/a%2f..%2f..%2fb", "/%00",
                           "/a%0d%0ab", "/%ff", "/%", "/%4", "/%zz"}) {
    EXPECT_FALSE(normalise_path(path)) << path;
  }
}

TEST(Query, IsDecodedInOrderAndRepeats) {
  const Parameters query = parse_parameters("q=a+b&q=%C3%A9&empty&x=1%3D2&&").value();
  EXPECT_EQ(query.all_of("q"), (std::vector<std::string>{"a b", "é"}));
  EXPECT_EQ(query.find("empty"), "");
  EXPECT_EQ(query.get("x"), "1=2");
  EXPECT_EQ(query.get("y", "other"), "other");
}

TEST(Query, EncodesToWhatDecodesToItself) {
  Parameters query;
  query.add("a b", "c&d=e/é+%");
  EXPECT_EQ(query.encode(), "a%20b=c%26d%3De%2F%C3%A9%2B%25");
  EXPECT_EQ(parse_parameters(query.encode()).value().all(), query.all());
}

TEST(Query, HasALimit) {
  std::string text;
  for (std::size_t i = 0; i <= kQueryParametersMax; ++i) text += "a=1&";
  const auto query = parse_parameters(text);
  ASSERT_FALSE(query);
  EXPECT_EQ(query.error().kind(), ErrorKind::limit);
}

TEST(Target, TakesTheAbsoluteForm) {
  EXPECT_EQ(parse_target("http://host/a?b=c").value().path, "/a");
  EXPECT_EQ(parse_target("http://host?b=c").value().query.get("b"), "c");
  EXPECT_EQ(parse_target("https://host").value().path, "/");
  EXPECT_FALSE(parse_target("*"));
  EXPECT_FALSE(parse_target("/a#b"));
}

}  // namespace
}  // namespace bulkhead::http
