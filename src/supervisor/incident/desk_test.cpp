#include "supervisor/incident/desk.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "supervisor/fake_supervisor.h"
#include "supervisor/incident/rules.h"

namespace bulkhead::supervisor {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Estate estate() {
  Estate estate{.name = "imo"};
  for (const char* name : {"gisis", "mail", "website"}) {
    ServiceConfig service;
    service.name = name;
    estate.services.push_back(service);
  }
  estate.rules = {
      {.when = {IndicatorKind::canary}, .on = {"website"}, .seal = {"website", "gisis"}}};
  return estate;
}

class Desk : public ::testing::Test {
 protected:
  void SetUp() override { reopen(); }
  void reopen() {
    desk.reset();
    desk = IncidentDesk::open(supervisor).value();
    supervisor.set_exposure_observer(
        [this](const auto& change) { desk->exposure_changed(change); });
    supervisor.set_exposure_gate(
        [this](const std::string& service, Exposure to) { return desk->may_expose(service, to); });
  }
  analysis::Indicator indicator(analysis::IndicatorKind kind) {
    return {.kind = kind,
            .service = "website",
            .path = "0.csv",
            .time = clock.now(),
            .explanation = "the canary was written to"};
  }
  void touch_canary() { desk->report(indicator(analysis::IndicatorKind::canary_touched)); }

  TemporaryDirectory folder = TemporaryDirectory::create("desk").value();
  ManualClock clock{from_rfc3339("2020-09-30T06:00:00Z").value()};
  FakeSupervisor supervisor{estate(), folder.path(), clock};
  std::unique_ptr<IncidentDesk> desk;
};

TEST_F(Desk, RuleSealsAtOnceAndTheIncidentIsContained) {
  touch_canary();
  const Incident incident = desk->current().value();
  EXPECT_EQ(incident.state, IncidentState::contained);
  EXPECT_EQ(incident.id, "2020-09-30-1");
  EXPECT_EQ(incident.gateway_ms, 20ms);
  EXPECT_EQ(supervisor.statuses["website"].exposure, Exposure::sealed);
  EXPECT_EQ(supervisor.statuses["gisis"].exposure, Exposure::sealed);
  EXPECT_EQ(supervisor.statuses["mail"].exposure, Exposure::public_);
  EXPECT_EQ(supervisor.open_incident, "2020-09-30-1");
  ASSERT_FALSE(supervisor.shown.updates.empty());
  EXPECT_EQ(supervisor.shown.updates.back().step, StatusStep::contained);
}

TEST_F(Desk, IndicatorWithoutARuleOnlyRaisesASuspicion) {
  desk->report(indicator(analysis::IndicatorKind::entropy_jump));
  EXPECT_EQ(desk->current()->state, IncidentState::suspected);
  EXPECT_EQ(supervisor.statuses["website"].exposure, Exposure::public_);
  EXPECT_TRUE(desk->close("2020-09-30-1", "a release was published"));
  EXPECT_FALSE(desk->current());
  EXPECT_EQ(supervisor.open_incident, "");
}

TEST_F(Desk, SuspicionBecomesContainedWhenARuleFollows) {
  desk->report(indicator(analysis::IndicatorKind::entropy_jump));
  touch_canary();
  EXPECT_EQ(desk->current()->state, IncidentState::contained);
  EXPECT_EQ(desk->all().size(), 1u);
}

TEST_F(Desk, SameIndicatorAgainIsNotRecordedAgain) {
  touch_canary();
  const std::size_t events = supervisor.events.size();
  touch_canary();
  EXPECT_EQ(supervisor.events.size(), events);
}

TEST_F(Desk, SameIndicatorOfAnEarlierTimeIsRecorded) {
  touch_canary();
  clock.advance(-1min);
  touch_canary();
  EXPECT_EQ(desk->current()->find("website")->indicators.size(), 2u)
      << "the clean point lies before the first";
}

TEST_F(Desk, DataBetweenAnIndicatorAndTheEndOfItsIncidentIsTainted) {
  const WallTime start = clock.now();
  clock.advance(1min);
  touch_canary();
  EXPECT_FALSE(desk->is_tainted("website", start + 2min, start + 2min)) << "it has no end yet";
  clock.advance(9min);
  ASSERT_TRUE(desk->close("2020-09-30-1", "cleaned by hand"));
  EXPECT_FALSE(desk->is_tainted("website", start, start + 30s));
  EXPECT_TRUE(desk->is_tainted("website", start, start + 2min)) << "still being read";
  EXPECT_TRUE(desk->is_tainted("website", start + 5min, start + 6min));
  EXPECT_FALSE(desk->is_tainted("website", start + 11min, start + 12min));
  EXPECT_FALSE(desk->is_tainted("mail", start + 5min, start + 6min));
  reopen();
  EXPECT_TRUE(desk->is_tainted("website", start + 5min, start + 6min));
}

TEST_F(Desk, SurvivesItsEndAtAnyMoment) {
  touch_canary();
  reopen();
  EXPECT_EQ(desk->current()->state, IncidentState::contained);
  EXPECT_EQ(desk->current()->services.size(), 2u);
  ASSERT_FALSE(desk->close("2020-09-30-7", "x"));
  EXPECT_TRUE(desk->close("2020-09-30-1", "nothing found"));
  reopen();
  EXPECT_FALSE(desk->current());
  clock.advance(1h);
  EXPECT_EQ(desk->declare({"mail"}, "again").value().id, "2020-09-30-2");
}

TEST_F(Desk, StatusPageStillTellsOfRecentlyClosedIncidentsAfterARestart) {
  for (int i = 0; i < 12; ++i) {
    clock.advance(24h);
    const std::string id = desk->declare({"mail"}, "a drill").value().id;
    ASSERT_TRUE(desk->close(id, "over"));
  }
  supervisor.shown_ids.clear();
  reopen();
  EXPECT_EQ(supervisor.shown_ids.size(), 10u);
  EXPECT_TRUE(supervisor.shown_ids.contains("2020-10-12-1"));
  EXPECT_FALSE(supervisor.shown_ids.contains("2020-10-02-1")) << "the newest are told of";
  clock.advance(24h * 25);
  supervisor.shown_ids.clear();
  reopen();
  EXPECT_EQ(supervisor.shown_ids.size(), 6u) << "of the last thirty days";
  touch_canary();
  reopen();
  EXPECT_EQ(supervisor.shown.id, desk->current()->id);
}

TEST_F(Desk, FalseAlarmThatIsClosedIsOverOnTheStatusPage) {
  desk->report(indicator(analysis::IndicatorKind::entropy_jump));
  ASSERT_TRUE(desk->close("2020-09-30-1", "a release was published"));
  EXPECT_EQ(supervisor.shown.updates.back().step, StatusStep::resolved);
  EXPECT_THAT(supervisor.shown.updates.back().services, ElementsAre("website"));
}

TEST_F(Desk, LaterSealIsNotMeasuredFromAnIndicatorWhoseSealFailed) {
  supervisor.seal_fails = true;
  touch_canary();
  supervisor.seal_fails = false;
  clock.advance(1h);
  ASSERT_TRUE(supervisor.seal({"website"}, "by hand"));
  const std::string shown = json::write(desk->show("2020-09-30-1").value());
  EXPECT_NE(shown.find("seal_ms"), std::string::npos);
  EXPECT_EQ(shown.find("indicator_to_refusal_ms"), std::string::npos);
}

TEST_F(Desk, SealIsMeasuredFromTheIndicatorThatCausedIt) {
  touch_canary();
  EXPECT_NE(json::write(desk->show("2020-09-30-1").value()).find("indicator_to_refusal_ms"),
            std::string::npos);
}

TEST_F(Desk, SealThatWasInterruptedIsCompletedAfterTheRestart) {
  supervisor.set_exposure_observer(nullptr);  // ended after the record, before the seal
  touch_canary();
  EXPECT_EQ(desk->current()->state, IncidentState::declared);
  reopen();
  desk->resume();
  EXPECT_EQ(desk->current()->state, IncidentState::contained);
}

TEST_F(Desk, SealedServiceIsNotOpenedBeforeItsGates) {
  touch_canary();
  const auto refused = supervisor.set_exposure("website", Exposure::public_, "impatience");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), ErrorKind::conflict);
  EXPECT_NE(refused.error().message().find("bulkhead incident recover --service website"),
            std::string::npos);
  EXPECT_TRUE(supervisor.set_exposure("mail", Exposure::members, "not part of it"));
}

TEST_F(Desk, SealByHandDuringAnIncidentJoinsIt) {
  touch_canary();
  ASSERT_TRUE(supervisor.seal({"mail"}, "to be sure"));
  EXPECT_TRUE(desk->current()->find("mail")->contained);
  EXPECT_EQ(desk->current()->find("website")->seals, 1u);
}

TEST_F(Desk, SealWithoutAnIncidentIsJustASeal) {
  ASSERT_TRUE(supervisor.seal({"mail"}, "maintenance"));
  EXPECT_FALSE(desk->current());
}

TEST_F(Desk, DeclaringSealsTheNamedServicesOnly) {
  const auto incident = desk->declare({"gisis"}, "a call from the UN ICC");
  ASSERT_TRUE(incident);
  EXPECT_EQ(incident->state, IncidentState::contained);
  EXPECT_EQ(supervisor.statuses["website"].exposure, Exposure::public_);
  EXPECT_EQ(desk->declare({"nonsense"}, "x").error().kind(), ErrorKind::not_found);
  EXPECT_EQ(desk->declare({}, "x").error().kind(), ErrorKind::invalid);
}

TEST_F(Desk, ShowsTheWholeTimeline) {
  touch_canary();
  const json::Value shown = desk->show("2020-09-30-1").value();
  EXPECT_EQ(*shown["state"].string(), "contained");
  EXPECT_EQ(shown["timeline"].array()->size(), 5u);
  EXPECT_TRUE(std::filesystem::exists(folder.path() / "incidents/2020-09-30-1/timeline.json"));
  EXPECT_EQ(desk->show("x").error().kind(), ErrorKind::not_found);
}

// While it lasts no record finds a place: where incidents would be, there is a file.
class NoRoom {
 public:
  explicit NoRoom(Path incidents) : incidents_(std::move(incidents)), aside_(incidents_) {
    aside_ += ".aside";
    std::filesystem::rename(incidents_, aside_);
    EXPECT_TRUE(write_file_atomic(incidents_, {}));
  }
  ~NoRoom() {
    std::filesystem::remove(incidents_);
    std::filesystem::rename(aside_, incidents_);
  }
  NoRoom(const NoRoom&) = delete;
  NoRoom& operator=(const NoRoom&) = delete;

 private:
  Path incidents_;
  Path aside_;
};

TEST_F(Desk, IndicatorThatCannotBeRecordedSealsRaisesAnAlarmAndIsRecordedLater) {
  const WallTime seen = clock.now();
  {
    const NoRoom full(folder.path() / "incidents");
    touch_canary();
    EXPECT_FALSE(desk->current());
    EXPECT_EQ(supervisor.statuses["website"].exposure, Exposure::sealed);
    EXPECT_EQ(supervisor.statuses["gisis"].exposure, Exposure::sealed);
    EXPECT_THAT(supervisor.alarm, HasSubstr("canary_touched in website"));
    EXPECT_THAT(supervisor.alarm, HasSubstr("cannot be recorded"));
    const auto refused = supervisor.set_exposure("gisis", Exposure::public_, "impatience");
    ASSERT_FALSE(refused) << "what an indicator sealed is not opened for want of a record";
    EXPECT_EQ(refused.error().kind(), ErrorKind::conflict);
    desk->retry();
    EXPECT_FALSE(desk->current());
    EXPECT_FALSE(supervisor.alarm.empty());
  }
  clock.advance(10min);
  desk->retry();
  const Incident incident = desk->current().value();
  EXPECT_EQ(incident.state, IncidentState::contained);
  EXPECT_EQ(incident.find("website")->indicators.front().time, seen);
  EXPECT_TRUE(incident.find("gisis")->contained);
  EXPECT_EQ(supervisor.alarm, "");
}

TEST_F(Desk, SealThatFailedIsTriedAgain) {
  supervisor.seal_fails = true;
  touch_canary();
  EXPECT_EQ(desk->current()->state, IncidentState::declared);
  EXPECT_THAT(supervisor.alarm, HasSubstr("the disk is full"));
  supervisor.seal_fails = false;
  desk->retry();
  EXPECT_EQ(desk->current()->state, IncidentState::contained);
  EXPECT_EQ(desk->current()->find("website")->indicators.size(), 1u);
  EXPECT_EQ(supervisor.alarm, "");
}

TEST_F(Desk, DeclaringSealsAlsoWhatCannotBeRecorded) {
  const NoRoom full(folder.path() / "incidents");
  const auto declared = desk->declare({"mail"}, "a call");
  ASSERT_FALSE(declared);
  EXPECT_THAT(declared.error().message(), HasSubstr("mail is sealed, but no incident"));
  EXPECT_EQ(supervisor.statuses["mail"].exposure, Exposure::sealed);
}

TEST_F(Desk, SpaceThatWasKeptFreeIsGivenUpForARecordAndTakenAgain) {
  const Path reserve = Layout(folder.path()).reserved_space();
  EXPECT_TRUE(std::filesystem::exists(reserve));
  {
    const NoRoom full(folder.path() / "incidents");
    touch_canary();
    EXPECT_FALSE(std::filesystem::exists(reserve));
  }
  desk->retry();
  ASSERT_TRUE(desk->current());
  desk->retry();
  EXPECT_TRUE(std::filesystem::exists(reserve));
}

TEST(Rules, SealWhatTheySayInTheEstatesOrder) {
  analysis::Indicator indicator{.service = "website"};
  indicator.kind = analysis::IndicatorKind::canary_touched;
  EXPECT_THAT(services_to_seal(estate(), indicator), ElementsAre("gisis", "website"));
  indicator.kind = analysis::IndicatorKind::watch_blind;
  EXPECT_THAT(services_to_seal(estate(), indicator), IsEmpty());
  indicator = {.kind = analysis::IndicatorKind::canary_touched, .service = "mail"};
  EXPECT_THAT(services_to_seal(estate(), indicator), IsEmpty());
}

}  // namespace
}  // namespace bulkhead::supervisor
