#include "json/value.h"

#include <gtest/gtest.h>

namespace bulkhead::json {
namespace {

TEST(Json, WritesWhatItRead) {
  const std::string text = R"({"a":[1,-2,3.5,true,null],"b":{"c":"d"},"big":18446744073709551615})";
  const auto value = parse(text);
  ASSERT_TRUE(value) << value.error().message();
  EXPECT_EQ(write(*value), text);
}

TEST(Json, EscapesAsGoDoes) {
  EXPECT_EQ(write(Value("<a&b>\n\x01\"\\ \xe2\x80\xa8 \xff é")),
            R"("\u003ca\u0026b\u003e\n\u0001\"\\ \u2028 \ufffd é")");
}

TEST(Json, RefusesWhatIsNotJson) {
  for (const char* text : {"", "{", "[1,]", "{\"a\":}", "nul", "\"\xff\"", "1 2"}) {
    const auto value = parse(text);
    ASSERT_FALSE(value) << text;
    EXPECT_EQ(value.error().kind(), ErrorKind::corrupt) << text;
  }
}

TEST(Json, RefusesAnEmptyTextWithoutAnAddress) {
  for (const std::string_view text : {std::string_view(), std::string_view("")}) {
    const auto value = parse(text);
    ASSERT_FALSE(value);
    EXPECT_EQ(value.error().kind(), ErrorKind::corrupt);
  }
}

TEST(Json, ReadsAndShowsAStringOrNothing) {
  EXPECT_EQ(text_of(Value("gisis")), "gisis");
  EXPECT_EQ(text_of(Value(7)), "");
  EXPECT_EQ(text_of(Value(Object{{"name", "gisis"}})["missing"]), "");
}

TEST(Json, RefusesNestingPastTheLimit) {
  const std::string deep = std::string(200, '[') + std::string(200, ']');
  EXPECT_FALSE(parse(deep));
}

TEST(Json, TypedReadingNamesTheObject) {
  const auto value = parse(R"({"size":"12"})");
  ASSERT_TRUE(value);
  const auto size = (*value)["size"].to_u64("size of pack 3f2a");
  ASSERT_FALSE(size);
  EXPECT_EQ(size.error().message(), "size of pack 3f2a is not a whole number of 0 or more");
}

}  // namespace
}  // namespace bulkhead::json
