#include "supervisor/control/event_log.h"

#include <gtest/gtest.h>

namespace bulkhead::supervisor {
namespace {

class EventLogTest : public testing::Test {
 protected:
  Event event(std::string kind) {
    Event out;
    out.kind = std::move(kind);
    out.service = "gisis";
    out.message = "gisis did something";
    out.details = {{"answer", 42}};
    return out;
  }

  TemporaryDirectory folder_ = TemporaryDirectory::create("bulkhead-events").value();
  Path file_ = folder_.path() / "events.jsonl";
  ManualClock clock_{from_rfc3339("2020-09-30T06:15:00.25Z").value()};
};

TEST_F(EventLogTest, NumbersGoOnAfterARestart) {
  {
    const auto log = EventLog::open(file_).value();
    EXPECT_EQ(log->append(event("a"), clock_).number, 1u);
    EXPECT_EQ(log->append(event("b"), clock_).number, 2u);
  }
  const auto log = EventLog::open(file_).value();
  EXPECT_EQ(log->append(event("c"), clock_).number, 3u);
  const auto events = log->after(1, 10);
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].kind, "b");
  EXPECT_EQ(events[0].time, clock_.now());
  EXPECT_EQ(events[0].service, "gisis");
  EXPECT_EQ(events[0].details.find("answer")->to_i64("answer").value(), 42);
  EXPECT_EQ(log->after(0, 1).size(), 1u);
}

TEST_F(EventLogTest, LineThatACrashCutOffIsDropped) {
  (void)EventLog::open(file_).value()->append(event("a"), clock_);
  const std::string whole = read_text_file(file_, 4096).value();
  ASSERT_TRUE(write_file_atomic(file_, as_bytes(whole + whole.substr(0, 20))));
  const auto log = EventLog::open(file_).value();
  EXPECT_EQ(log->append(event("b"), clock_).number, 2u);
  EXPECT_EQ(EventLog::open(file_).value()->after(0, 10).size(), 2u);
}

TEST_F(EventLogTest, BrokenAndMissingLinesAreNamed) {
  ASSERT_TRUE(write_file_atomic(file_, as_bytes("{\"number\":1}\n")));
  auto log = EventLog::open(file_);
  ASSERT_FALSE(log);
  EXPECT_EQ(log.error().kind(), ErrorKind::corrupt);
  EXPECT_NE(log.error().message().find("events.jsonl:1"), std::string::npos);

  ASSERT_TRUE(write_file_atomic(file_, as_bytes("")));
  for (int i = 0; i < 3; ++i) (void)EventLog::open(file_).value()->append(event("a"), clock_);
  std::string text = read_text_file(file_, 4096).value();
  const std::size_t second = text.find('\n') + 1;
  text.erase(second, text.find('\n', second) + 1 - second);
  ASSERT_TRUE(write_file_atomic(file_, as_bytes(text)));
  log = EventLog::open(file_);
  ASSERT_FALSE(log);
  EXPECT_NE(log.error().message().find("event 3 follows event 1"), std::string::npos);
}

}  // namespace
}  // namespace bulkhead::supervisor
