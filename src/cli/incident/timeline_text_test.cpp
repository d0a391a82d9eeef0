#include "cli/incident/timeline_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bulkhead::cli::incident {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const json::Value kIncident = json::parse(R"({"id":"2020-09-30-1","state":"restored",
  "opened":"2020-09-30T06:00:00.000Z","reason":"canary_touched in website","seal_ms":70,
  "gateway_ms":20,"services":[{"name":"website","exposure":"public","rto_ms":61500,"rpo_ms":0,
  "files_damaged":12,"files_recovered":12},{"name":"gisis","exposure":"sealed","rto_ms":null,
  "rpo_ms":null,"files_damaged":null,"files_recovered":null}],
  "timeline":[{"time":"2020-09-30T07:01:02.345Z","kind":"sealed","message":"Sealed website"},
  {"time":"2020-09-30T05:58:59.961Z","kind":"indicator","message":"a canary"}]})")
                                  .value();

TEST(IncidentText, CountsFromTheOpeningAndShowsBothDurations) {
  const std::string text = incident_text(kIncident, estate::Colour::none);
  EXPECT_THAT(text, HasSubstr("+01:01:02.345"));
  EXPECT_THAT(text, HasSubstr("-00:01:00.039")) << "seen before the incident was opened";
  EXPECT_THAT(text, HasSubstr("61.5 s"));
  EXPECT_THAT(text, HasSubstr("0.000 s"));
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  EXPECT_THAT(incident_text(kIncident, estate::Colour::terminal), HasSubstr("\x1b[31m"));
}

TEST(IncidentText, SaysWhenThereIsNone) {
  EXPECT_THAT(incident_list_text(json::Object{{"incidents", json::Array{}}}),
              HasSubstr("No incident"));
}

TEST(DurationText, IsReadAtAGlance) {
  EXPECT_EQ(duration_text(42), "0.042 s");
  EXPECT_EQ(duration_text(12'340), "12.3 s");
  EXPECT_EQ(duration_text(245'000), "4 min 05 s");
  EXPECT_EQ(duration_text(137'520'000), "38 h 12 min");
}

}  // namespace
}  // namespace bulkhead::cli::incident
