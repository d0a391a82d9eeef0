#include <gtest/gtest.h>

#include "base/bounded_queue.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/process.h"
#include "base/random.h"
#include "base/text.h"

namespace bulkhead {
namespace {

using namespace std::chrono_literals;

TEST(Bytes, HexAndBase64GoThereAndBack) {
  SeededRandom random(1);
  for (std::size_t length = 0; length < 70; ++length) {
    const Bytes bytes = random.bytes(length);
    EXPECT_EQ(from_hex(to_hex(bytes)).value(), bytes);
    EXPECT_EQ(from_base64(to_base64(bytes)).value(), bytes);
    EXPECT_EQ(from_base64url(to_base64url(bytes)).value(), bytes);
  }
  EXPECT_EQ(to_base64(as_bytes("fo")), "Zm8=");
}

TEST(Bytes, MalformedTextIsRefused) {
  for (const char* text : {"0", "0g", "AA"}) EXPECT_FALSE(from_hex(text)) << text;
  for (const char* text : {"Zg", "Zg=", "Zh==", "Z===", "Zm9v!AAA"}) {
    EXPECT_FALSE(from_base64(text)) << text;
  }
}

TEST(Clock, Rfc3339GoesThereAndBack) {
  for (const char* text :
       {"2020-09-30T06:15:00Z", "1969-12-31T23:59:59.999999999Z", "2024-02-29T00:00:00.25Z"}) {
    EXPECT_EQ(to_rfc3339(from_rfc3339(text).value()), text);
  }
  EXPECT_EQ(to_rfc3339(from_rfc3339("2020-10-02T14:00:00+01:00").value()), "2020-10-02T13:00:00Z");
}

TEST(Clock, MalformedTimesAreRefused) {
  for (const char* text :
       {"", "2020-13-01T00:00:00Z", "2020-02-30T00:00:00Z", "2020-01-01T00:00:00",
        "2020-01-01T00:00:00.Z", "2020-01-01T00:00:00Zx", "9999-01-01T00:00:00Z"}) {
    EXPECT_FALSE(from_rfc3339(text)) << text;
  }
}

TEST(Text, Utf8ValidityFollowsTheStandard) {
  EXPECT_TRUE(is_valid_utf8("\u0645\u062d\u0637\u0629 \u00e9 \U0001F6A2"));
  for (const char* text : {"\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\x80", "\xe2\x82"}) {
    EXPECT_FALSE(is_valid_utf8(text));
  }
}

TEST(File, AtomicWriteReplacesAndLeavesNothingElse) {
  const auto folder = TemporaryDirectory::create("base-test");
  ASSERT_TRUE(folder);
  const Path path = folder->path() / "a";
  ASSERT_TRUE(write_file_atomic(path, as_bytes("one")));
  ASSERT_TRUE(write_file_atomic(path, as_bytes("two")));
  EXPECT_EQ(read_text_file(path, 10).value(), "two");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder->path()), {}), 1);
  const auto over = read_file(path, 2);
  ASSERT_FALSE(over);
  EXPECT_EQ(over.error().kind(), ErrorKind::limit);
}

TEST(File, MissingFileIsNotFoundAndNamed) {
  const auto missing = read_file("/nonexistent/file", 10);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().kind(), ErrorKind::not_found);
  EXPECT_NE(missing.error().message().find("/nonexistent/file"), std::string::npos);
}

TEST(Process, RunsWithInputAndGathersOutput) {
  ProcessOptions options;
  options.arguments = {"cat"};
  const auto result = run(std::move(options), as_bytes("through"), 100, 5s);
  ASSERT_TRUE(result) << result.error().message();
  EXPECT_TRUE(result->status.success());
  EXPECT_EQ(result->output, "through");
}

TEST(Process, MissingProgramIsAnError) {
  ProcessOptions options;
  options.arguments = {"/nonexistent/program"};
  const auto result = Process::start(options);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind(), ErrorKind::not_found);
}

TEST(Process, TooMuchOutputAndTooMuchTimeAreLimits) {
  ProcessOptions endless;
  endless.arguments = {"yes"};
  const auto flood = run(std::move(endless), {}, 1000, 5s);
  ASSERT_FALSE(flood);
  EXPECT_EQ(flood.error().kind(), ErrorKind::limit);
  ProcessOptions slow;
  slow.arguments = {"sleep", "60"};
  const auto late = run(std::move(slow), {}, 1000, 50ms);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().kind(), ErrorKind::limit);
}

TEST(Process, NothingIsInheritedButWhatIsNamed) {
  const FileDescriptor file = open_file("/dev/null", O_RDONLY).value();
  ProcessOptions options;
  options.arguments = {"ls", "/proc/self/fd"};
  options.environment = {"LANG=C"};
  options.inherited = {{file.get(), 7}};
  const auto result = run(std::move(options), {}, 1000, 5s);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->output, "0\n1\n2\n3\n7\n");  // 3 is the folder that ls itself opens
}

TEST(BoundedQueue, RefusesWhenFullAndDrainsAfterClose) {
  BoundedQueue<int> queue(2);
  EXPECT_TRUE(queue.try_push(1));
  EXPECT_TRUE(queue.try_push(2));
  EXPECT_FALSE(queue.try_push(3));
  queue.close();
  EXPECT_FALSE(queue.push(4));
  EXPECT_EQ(queue.pop(), 1);
  EXPECT_EQ(queue.pop(), 2);
  EXPECT_EQ(queue.pop(), std::nullopt);
}

}  // namespace
}  // namespace bulkhead
