#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/drill/report_page.h"

namespace bulkhead::cli::drill {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;

DrillReport sample() {
  const WallTime start = from_rfc3339("2020-09-30T06:00:00Z").value();
  DrillReport report{.started = start, .ended = start + 40s, .attacked = start + 5s};
  report.services = {{.name = "website", .title = "Public <website>", .rto_ms = 30'000}};
  report.probes = {{.service = "mail", .sent = 400}};
  report.checks = {{.name = "every file is back", .passed = true, .found = "12 of 12"}};
  report.incident_record = json::parse(R"({"timeline":[
    {"time":"2020-09-30T06:00:05.2Z","kind":"sealed","message":"s","details":{"services":["website"]}},
    {"time":"2020-09-30T06:00:35Z","kind":"exposed","service":"website","message":"<b>",
     "details":{"to":"public"}}]})")
                               .value();
  return report;
}

TEST(DrillReport, PassesOnlyWhenNothingFailedAndNothingWasLost) {
  EXPECT_TRUE(sample().passed());
  DrillReport lost = sample();
  lost.probes[0].lost = 1;
  EXPECT_FALSE(lost.passed());
  DrillReport failed = sample();
  failed.checks[0].passed = false;
  EXPECT_FALSE(failed.passed());
  DrillReport broken = sample();
  broken.failure = "the vault is away";
  EXPECT_FALSE(broken.passed());
  DrillReport unchecked = sample();
  unchecked.checks.clear();
  EXPECT_FALSE(unchecked.passed());
}

TEST(DrillReport, LanesFollowTheTimeline) {
  std::vector<std::string> website;
  for (const LaneChange& change : sample().lanes()) {
    if (change.service == "website") website.push_back(change.exposure);
  }
  EXPECT_EQ(website, (std::vector<std::string>{"public", "sealed", "public"}));
}

TEST(DrillReport, JsonHasWhatProgramsLookFor) {
  const json::Value value = json::parse(json::write(to_json(sample()))).value();
  EXPECT_EQ(*value["result"].string(), "passed");
  EXPECT_EQ(value["probes_sent"].to_u64("probes_sent").value(), 400u);
  EXPECT_EQ(value["probes_lost"].to_u64("probes_lost").value(), 0u);
  EXPECT_EQ(value["services"].array()->at(0)["rto_ms"].to_i64("rto_ms").value(), 30'000);
  EXPECT_EQ(value["timeline"].array()->size(), 2u);
}

TEST(ReportPage, IsCompleteByItselfAndEscapesWhatItShows) {
  const std::string page = report_page(sample());
  EXPECT_THAT(page, HasSubstr("Public &lt;website&gt;"));
  EXPECT_THAT(page, HasSubstr("&lt;b&gt;"));
  EXPECT_THAT(page, Not(HasSubstr("<script")));
  EXPECT_THAT(page, Not(HasSubstr("src=")));
  EXPECT_THAT(page, Not(HasSubstr("href=")));
  EXPECT_THAT(page, HasSubstr("<svg"));
}

}  // namespace
}  // namespace bulkhead::cli::drill
