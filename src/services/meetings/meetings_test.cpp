#include "services/meetings/meetings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "service/testing.h"
#include "services/meetings/domain/floor.h"
#include "services/meetings/domain/session.h"

namespace bulkhead::services::meetings {
namespace {

using testing::HasSubstr;

class MeetingsTest : public testing::Test {
 protected:
  void start(std::string_view sessions) {
    if (!sessions.empty()) {
      ASSERT_TRUE(write_file_atomic(data_.path() / "sessions.toml", as_bytes(sessions)));
    }
    auto service = service::ServiceUnderTest::start(definition(), set_up, data_.path());
    ASSERT_TRUE(service) << service.error().message();
    service_ = std::move(*service);
  }

  TemporaryDirectory data_ = TemporaryDirectory::create("meetings-test").value();
  std::unique_ptr<service::ServiceUnderTest> service_;
};

// The test's clock says noon.
constexpr std::string_view kSessions = R"(
[[sessions]]
starts = "14:30"
ends = "17:30"
body = "MEPC"
room = "Hall 2"
interpretation = ["en"]
title = { en = "Afternoon", fr = "Après-midi", es = "Tarde", ar = "بعد الظهر", zh = "下午", ru = "После полудня" }
[[sessions]]
starts = "09:30"
ends = "12:30"
body = "MSC"
room = "Main Hall"
interpretation = ["en", "ar"]
title = { en = "Morning", fr = "Matin", es = "Mañana", ar = "صباحًا", zh = "上午", ru = "Утро" }
)";

TEST_F(MeetingsTest, ShowsTodaysSessionsInEveryLanguage) {
  start(kSessions);
  for (const auto& [code, morning, state] :
       {std::tuple("en", "Morning", "Under way"), std::tuple("ar", "صباحًا", "جارية الآن"),
        std::tuple("zh", "上午", "进行中")}) {
    const http::Response page = service_->get(std::string("/") + code);
    EXPECT_EQ(page.status, 200);
    EXPECT_THAT(page.body, HasSubstr(morning));
    EXPECT_THAT(page.body, HasSubstr(state));
    EXPECT_LT(page.body.find("MSC"), page.body.find("MEPC"));
  }
}

TEST_F(MeetingsTest, SaysThatThereAreNoSessions) {
  start("");
  EXPECT_THAT(service_->get("/fr").body, HasSubstr("Aucune séance"));
  EXPECT_EQ(service_->get("/readyz").status, 200);
}

TEST_F(MeetingsTest, IsNotReadyWithSessionsThatCannotBeRead) {
  start("[[sessions]]\nstarts = \"25:00\"\n");
  const http::Response ready = service_->get("/readyz");
  EXPECT_EQ(ready.status, 503);
  EXPECT_THAT(ready.body, HasSubstr("sessions.toml:2"));
  EXPECT_EQ(service_->get("/en").status, 400);
  EXPECT_EQ(service_->get("/integrity").status, 500);
}

TEST_F(MeetingsTest, CountsTheFloorsBeats) {
  start("");
  const auto value = json::parse(service_->get("/floor.json").body);
  ASSERT_TRUE(value);
  EXPECT_TRUE((*value)["count"].to_u64("count"));
  EXPECT_EQ(*(*value)["time"].string(), "2026-06-01T12:00:00.000Z");
}

TEST(Floor, AdvancesByItself) {
  const Floor floor(std::chrono::milliseconds(1));
  const std::uint64_t before = floor.count();
  while (floor.count() < before + 3) std::this_thread::yield();
  EXPECT_GE(floor.count(), before + 3);
}

TEST(Session, IsUnderWayFromItsBeginningUntilItsEnd) {
  const Session session{.starts_minute = 570, .ends_minute = 750};
  EXPECT_EQ(state_of(session, 569), State::later);
  EXPECT_EQ(state_of(session, 570), State::under_way);
  EXPECT_EQ(state_of(session, 749), State::under_way);
  EXPECT_EQ(state_of(session, 750), State::over);
}

}  // namespace
}  // namespace bulkhead::services::meetings
