#include "http/multipart.h"

#include <gtest/gtest.h>

namespace bulkhead::http {
namespace {

constexpr std::string_view kType = "multipart/form-data; boundary=----Web7MA4";

std::string part(std::string_view disposition, std::string_view content) {
  return "------Web7MA4\r\nContent-Disposition: " + std::string(disposition) + "\r\n\r\n" +
         std::string(content) + "\r\n";
}
const std::string kEnd = "------Web7MA4--\r\n";

TEST(Multipart, ReadsFieldsAndFiles) {
  const std::string body =
      part("form-data; name=\"module\"", "ships") +
      "------Web7MA4\r\ncontent-disposition: form-data; name=\"file\"; "
      "filename=\"C:\\lists\\ships %22new%22.csv\"\r\nContent-Type: text/csv\r\n\r\n"
      "a,b\r\n--not the boundary\r\n\r\n------Web7MA4--";
  const auto parts = parse_multipart(body, kType);
  ASSERT_TRUE(parts) << parts.error().message();
  ASSERT_EQ(parts->size(), 2u);
  EXPECT_EQ((*parts)[0].name, "module");
  EXPECT_EQ((*parts)[0].content, "ships");
  EXPECT_EQ((*parts)[0].file_name, "");
  EXPECT_EQ((*parts)[1].file_name, "ships \"new\".csv");
  EXPECT_EQ((*parts)[1].content_type, "text/csv");
  EXPECT_EQ((*parts)[1].content, "a,b\r\n--not the boundary\r\n");
}

TEST(Multipart, ReadsAnEmptyFileAndAQuotedBoundary) {
  const std::string body = part("form-data; name=\"file\"; filename=\"\"", "") + kEnd;
  const auto parts = parse_multipart(body, "Multipart/Form-Data; boundary=\"----Web7MA4\"");
  ASSERT_TRUE(parts) << parts.error().message();
  EXPECT_EQ(parts->at(0).content, "");
}

TEST(Multipart, SkipsAPreambleAndReadsAFormWithoutParts) {
  EXPECT_EQ(parse_multipart("nothing\r\n" + part("form-data; name=a", "1") + kEnd, kType)->size(),
            1u);
  EXPECT_EQ(parse_multipart(kEnd, kType)->size(), 0u);
}

TEST(Multipart, RefusesWhatIsCutOffOrMalformed) {
  const std::string whole =
      part("form-data; name=\"a\"", "1") + part("form-data; name=\"b\"", "2") + kEnd;
  // All that was sent up to the closing "--" is needed.
  for (std::size_t size = 0; size + 4 < whole.size() + 1; ++size) {
    EXPECT_FALSE(parse_multipart(whole.substr(0, size), kType)) << size;
  }
  EXPECT_FALSE(parse_multipart(part("attachment; name=\"a\"", "1") + kEnd, kType));
  EXPECT_FALSE(parse_multipart(part("form-data", "1") + kEnd, kType));
  EXPECT_FALSE(parse_multipart(part("form-data; name=\"\xff\"", "1") + kEnd, kType));
  EXPECT_FALSE(parse_multipart(kEnd, "multipart/form-data"));
  EXPECT_FALSE(parse_multipart(kEnd, "multipart/form-data; boundary=\"\""));
  EXPECT_FALSE(parse_multipart(kEnd, "text/plain; boundary=----Web7MA4"));
  EXPECT_FALSE(parse_multipart("------Web7MA4 x\r\n\r\n\r\n" + kEnd, kType));
}

TEST(Multipart, LimitsPartsAndHeaders) {
  std::string many;
  for (std::size_t i = 0; i <= kFormPartsMax; ++i) many += part("form-data; name=\"a\"", "");
  EXPECT_EQ(parse_multipart(many + kEnd, kType).error().kind(), ErrorKind::limit);
  const std::string wide = "form-data; name=\"" + std::string(kFormPartHeaderSizeMax, 'x') + "\"";
  EXPECT_EQ(parse_multipart(part(wide, "") + kEnd, kType).error().kind(), ErrorKind::limit);
}

}  // namespace
}  // namespace bulkhead::http
