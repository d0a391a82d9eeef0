#include "cli/estate/status_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bulkhead::cli::estate {
namespace {

using testing::HasSubstr;
using testing::Not;
using namespace std::chrono_literals;

json::Value estate(std::string_view exposure, std::string_view state, std::string_view problem) {
  return json::Object{{"name", "imo"},
                      {"folder", "/srv/imo"},
                      {"incident", nullptr},
                      {"services", json::Array{json::Object{{"name", "gisis"},
                                                            {"state", state},
                                                            {"exposure", exposure},
                                                            {"since", "2020-09-30T06:00:00Z"},
                                                            {"restarts", 2},
                                                            {"problem", problem},
                                                            {"last_snapshot", nullptr}}}}};
}

const WallTime kNow = from_rfc3339("2020-09-30T09:12:00Z").value();

TEST(StatusTable, SaysInWordsThatAllIsWell) {
  const std::string text = status_table(estate("public", "ready", ""), kNow, Colour::none);
  EXPECT_THAT(text, HasSubstr("All 1 services are ready and public."));
  EXPECT_THAT(text, HasSubstr("gisis    ready  public    3 h 12 min  2         none"));
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
}

TEST(StatusTable, SaysWhatIsWrongAndWhatToDo) {
  const std::string sealed = status_table(estate("sealed", "frozen", ""), kNow, Colour::none);
  EXPECT_THAT(sealed, HasSubstr("1 of 1 services need a look."));
  EXPECT_THAT(sealed, HasSubstr("! gisis"));
  EXPECT_THAT(sealed, HasSubstr("bulkhead expose gisis --to public"));
  EXPECT_THAT(status_table(estate("public", "waiting", "exit status 1"), kNow, Colour::none),
              HasSubstr("gisis is exposed but waiting: exit status 1"));
}

TEST(StatusTable, NobodyIsToldToOpenWhatAnIncidentSealed) {
  json::Object now = *estate("sealed", "frozen", "").object();
  now.set("incident", "2020-09-30-1");
  const std::string open = status_table(now, kNow, Colour::none);
  EXPECT_THAT(open, HasSubstr("bulkhead incident recover --service gisis"));
  EXPECT_THAT(open, Not(HasSubstr("--to public")));
  now.set("incident", nullptr);
  now.set("alarms", json::Array{"canary_touched in gisis: it cannot be recorded", "The vault"});
  const std::string alarm = status_table(now, kNow, Colour::none);
  EXPECT_THAT(alarm, HasSubstr("ALARM: canary_touched in gisis"));
  EXPECT_THAT(alarm, HasSubstr("ALARM: The vault"));
  EXPECT_THAT(alarm, Not(HasSubstr("--to public")));
}

TEST(StatusTable, AgesAreForPeople) {
  EXPECT_EQ(age_of(kNow - 20s, kNow), "just now");
  EXPECT_EQ(age_of(kNow - 59min, kNow), "59 min");
  EXPECT_EQ(age_of(kNow - 53h, kNow), "2 d 5 h");
}

}  // namespace
}  // namespace bulkhead::cli::estate
