#include "http/files.h"

#include <gtest/gtest.h>

#include "base/file.h"

namespace bulkhead::http {
namespace {

class FilesTest : public testing::Test {
 protected:
  FilesTest() : folder_(TemporaryDirectory::create("files").value()) {
    EXPECT_TRUE(write_file_atomic(folder_.path() / "f", as_bytes("0123456789")));
  }
  Response ask(std::initializer_list<std::pair<std::string, std::string>> headers) {
    Request request;
    for (const auto& [name, value] : headers) request.headers.add(name, value);
    FileOptions options{.content_type = "text/plain", .entity_tag = "\"tag\""};
    return std::move(
        serve_file(request, open_file(folder_.path() / "f", O_RDONLY).value(), options).value());
  }
  TemporaryDirectory folder_;
};

TEST_F(FilesTest, WholeFileHasTagTimeAndLength) {
  const Response response = ask({});
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.file->length, 10u);
  EXPECT_EQ(response.headers.find("etag"), "\"tag\"");
  EXPECT_TRUE(response.headers.find("last-modified")->ends_with(" GMT"));
}

TEST_F(FilesTest, PartIsAnsweredAsAsked) {
  const Response response = ask({{"Range", "bytes=2-4"}});
  EXPECT_EQ(response.status, 206);
  EXPECT_EQ(response.file->offset, 2u);
  EXPECT_EQ(response.file->length, 3u);
  EXPECT_EQ(response.headers.find("content-range"), "bytes 2-4/10");
  EXPECT_EQ(ask({{"Range", "bytes=10-"}}).status, 416);
}

TEST_F(FilesTest, PartOfAnotherStateIsTheWhole) {
  EXPECT_EQ(ask({{"Range", "bytes=2-4"}, {"If-Range", "\"other\""}}).status, 200);
  EXPECT_EQ(ask({{"Range", "bytes=2-4"}, {"If-Range", "\"tag\""}}).status, 206);
}

TEST_F(FilesTest, WhatTheClientHasIsNotSentAgain) {
  EXPECT_EQ(ask({{"If-None-Match", "\"x\", W/\"tag\""}}).status, 304);
  EXPECT_EQ(ask({{"If-None-Match", "\"x\""}}).status, 200);
  const std::string modified(*ask({}).headers.find("last-modified"));
  EXPECT_EQ(ask({{"If-Modified-Since", modified}}).status, 304);
  EXPECT_EQ(ask({{"If-Modified-Since", "Sun, 06 Nov 1994 08:49:37 GMT"}}).status, 200);
  EXPECT_EQ(ask({{"If-Modified-Since", "yesterday"}}).status, 200);
}

TEST(Range, TakesTheThreeFormsAndIgnoresTheRest) {
  const auto is = [](std::string_view header, RangeKind kind, std::uint64_t offset,
                     std::uint64_t length) {
    const RangeAnswer answer = parse_range(header, 10);
    EXPECT_EQ(answer.kind, kind) << header;
    EXPECT_EQ(answer.range.offset, offset) << header;
    EXPECT_EQ(answer.range.length, length) << header;
  };
  is("bytes=0-", RangeKind::part, 0, 10);
  is("bytes=3-100", RangeKind::part, 3, 7);
  is("bytes=-4", RangeKind::part, 6, 4);
  is("bytes=-40", RangeKind::part, 0, 10);
  is("bytes=-0", RangeKind::unsatisfiable, 0, 0);
  for (const char* header : {"bytes=5-2", "bytes=1-2,4-5", "bytes=a-b", "lines=1-2",
                             "bytes=", "bytes=99999999999999999999-"}) {
    is(header, RangeKind::whole, 0, 10);
  }
}

TEST(EntityTag, ChangesNeedTheStrongTag) {
  Request request;
  EXPECT_TRUE(may_change(request, "\"a\""));
  request.headers.add("If-Match", "W/\"a\"");
  EXPECT_FALSE(may_change(request, "\"a\""));
  request.headers.set("If-Match", "\"b\", \"a\"");
  EXPECT_TRUE(may_change(request, "\"a\""));
}

TEST(EntityTag, APageThatTheClientHasBecomes304) {
  Request request;
  request.headers.add("If-None-Match", "\"a\"");
  const Response response = with_entity_tag(request, Response::html("page"), "\"a\"");
  EXPECT_EQ(response.status, 304);
  EXPECT_EQ(response.body, "");
  EXPECT_EQ(with_entity_tag(request, Response::html("page"), "\"b\"").status, 200);
}

TEST(Attachment, KeepsNamesOfAnyScriptAndNoQuotes) {
  EXPECT_EQ(attachment("a\"б.pdf"),
            "attachment; filename=\"a___.pdf\"; filename*=UTF-8''a%22%D0%B1.pdf");
}

}  // namespace
}  // namespace bulkhead::http
