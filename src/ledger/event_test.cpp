#include "ledger/event.h"

#include <gtest/gtest.h>

#include "ledger/tile_tree.h"

namespace bulkhead::ledger {
namespace {

Event sample() {
  return {.time = from_rfc3339("2020-09-30T06:15:00.25Z").value(),
          .actor = "supervisor",
          .action = "exposure.changed",
          .object = "gisis",
          .details = {{"to", "sealed"}, {"seal_ms", 84}, {"from", "public"}}};
}

TEST(Event, HasOneWrittenForm) {
  const Bytes bytes = encode_event(sample());
  EXPECT_EQ(as_text(bytes), R"({"time":"2020-09-30T06:15:00.25Z","actor":"supervisor",)"
                            R"("action":"exposure.changed","object":"gisis",)"
                            R"("details":{"from":"public","seal_ms":84,"to":"sealed"}})");
  const Event read = parse_event(bytes).value();
  EXPECT_EQ(read.time, sample().time);
  EXPECT_EQ(read.action, "exposure.changed");
  EXPECT_EQ(read.details.find("seal_ms")->to_i64("seal_ms").value(), 84);
}

TEST(Event, SortsInsideDetailsAtEveryDepth) {
  Event event = sample();
  event.details = {
      {"b", json::Object{{"z", 1}, {"a", json::Array{json::Object{{"d", 1}, {"c", 2}}}}}}};
  EXPECT_NE(as_text(encode_event(event)).find(R"({"b":{"a":[{"c":2,"d":1}],"z":1}})"),
            std::string_view::npos);
}

TEST(Event, OtherWaysToWriteItAreRefused) {
  const std::string good(as_text(encode_event(sample())));
  ASSERT_TRUE(parse_event(as_bytes(good)));
  for (
      const std::string& bad :
      {good + "\n", " " + good, std::string("{}"), std::string(), good.substr(1),
       std::string(
           R"({"actor":"a","time":"2020-09-30T06:15:00Z","action":"","object":"","details":{}})"),
       std::string(
           R"({"time":"2020-09-30T06:15:00.0Z","actor":"a","action":"","object":"","details":{}})"),
       std::string(
           R"({"time":"2020-09-30T06:15:00Z","actor":"a","action":"","object":"","details":{"b":1,"a":2}})"),
       std::string(
           R"({"time":"2020-09-30T06:15:00Z","actor":"a","action":"","object":"","details":{"a":1,"a":1}})"),
       std::string(
           R"({"time":"2020-09-30T06:15:00Z","actor":"\u0061","action":"","object":"","details":{}})"),
       std::string(
           R"({"time":"2020-09-30T06:15:00Z","actor":"a","action":"","object":"","details":[]})")}) {
    EXPECT_FALSE(parse_event(as_bytes(bad))) << bad;
  }
}

TEST(Event, DetailsTooLongForAnEntryLeaveTheirHash) {
  Event event = sample();
  event.details = {{"text", std::string(70'000, 'x')}};
  const Bytes bytes = encode_event(event);
  EXPECT_LE(bytes.size(), kEntrySizeMax);
  const Event read = parse_event(bytes).value();
  EXPECT_EQ(read.details.find("left_out_size")->to_u64("size").value(), 70'011u);
  EXPECT_EQ(read.details.find("left_out_sha256")->string()->size(), 64u);
}

}  // namespace
}  // namespace bulkhead::ledger
