#include "supervisor/recovery/plan.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace bulkhead::supervisor {
namespace {

using namespace std::chrono_literals;

const WallTime kStart = from_rfc3339("2020-09-30T06:00:00Z").value();

class Plan : public ::testing::Test {
 protected:
  void SetUp() override {
    add("website", 3, {});
    add("gisis", 1, {"accounts"});
    add("imodocs", 1, {});
    add("accounts", 2, {});
    record({.kind = RecordKind::opened, .message = "indicator"});
    record({.kind = RecordKind::state_changed, .details = {{"to", "declared"}}});
    record({.kind = RecordKind::state_changed, .details = {{"to", "contained"}}});
  }
  void add(std::string name, int tier, std::vector<std::string> depends_on) {
    ServiceConfig service;
    service.name = std::move(name);
    service.tier = tier;
    service.depends_on = std::move(depends_on);
    estate.services.push_back(std::move(service));
  }
  void record(Record entry) {
    entry.number = ++number;
    entry.time = kStart + number * 1s;
    ASSERT_TRUE(incident.apply(entry));
  }
  void seal(std::initializer_list<const char*> names) {
    json::Array services;
    for (const char* name : names) services.emplace_back(name);
    record({.kind = RecordKind::sealed, .details = {{"services", services}}});
  }
  void done(const std::string& service, Step step) {
    record({.kind = RecordKind::step_done,
            .service = service,
            .details = {{"step", std::string(name_of(step))}}});
  }
  std::vector<std::string> order(const std::vector<std::string>& services = {}) {
    std::vector<std::string> names;
    const auto plan = plan_recovery(estate, incident, services, Exposure::public_);
    for (const PlannedService& planned : plan.value()) names.push_back(planned.name);
    return names;
  }
  PlannedService only(const std::string& name, Exposure expose = Exposure::public_) {
    return plan_recovery(estate, incident, {name}, expose).value().at(0);
  }

  Estate estate;
  Incident incident{.id = "test"};
  std::uint64_t number = 0;
};

TEST_F(Plan, DependenciesComeFirstThenTheTierThenTheName) {
  seal({"website", "imodocs", "gisis", "accounts"});
  EXPECT_EQ(order(), (std::vector<std::string>{"accounts", "gisis", "imodocs", "website"}));
}

TEST_F(Plan, IsTheSameWhateverOrderWasAskedFor) {
  seal({"website", "imodocs"});
  EXPECT_EQ(order({"website", "imodocs"}), order({"imodocs", "website"}));
}

TEST_F(Plan, ServiceThatNeedsASealedOneIsRefusedWithoutIt) {
  seal({"gisis", "accounts"});
  const auto plan = plan_recovery(estate, incident, {"gisis"}, Exposure::public_);
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().kind(), ErrorKind::conflict);
}

TEST_F(Plan, ServiceOutsideTheIncidentIsNotFound) {
  seal({"website"});
  EXPECT_EQ(plan_recovery(estate, incident, {"gisis"}, Exposure::public_).error().kind(),
            ErrorKind::not_found);
}

TEST_F(Plan, TakesEveryGateInOrder) {
  seal({"website"});
  EXPECT_TRUE(std::ranges::equal(only("website").steps, kStepsToRestore));
}

TEST_F(Plan, StopsAtTheExposureThatWasAskedFor) {
  seal({"website"});
  EXPECT_EQ(only("website", Exposure::members).steps.back(), Step::open_members);
}

TEST_F(Plan, GoesOnWhereAnInterruptedOneEnded) {
  seal({"website"});
  done("website", Step::preserve);
  done("website", Step::choose);
  record(
      {.kind = RecordKind::step_started, .service = "website", .details = {{"step", "restore"}}});
  EXPECT_EQ(only("website").steps.front(), Step::restore);
}

TEST_F(Plan, PromotedButNotYetOpenServiceIsOnlyOpened) {
  seal({"website"});
  for (const Step step : kStepsToRestore) {
    if (step <= Step::promote && step != Step::recheck) done("website", step);
  }
  EXPECT_EQ(only("website").kind, RecoveryKind::restore);
  EXPECT_EQ(only("website").steps.front(), Step::open_operators);
}

TEST_F(Plan, ServiceSealedAgainWithoutIndicatorIsCheckedAgain) {
  seal({"website"});
  done("website", Step::promote);
  seal({"website"});
  EXPECT_EQ(only("website").kind, RecoveryKind::recheck);
  EXPECT_TRUE(std::ranges::equal(only("website").steps, kStepsToRecheck));
}

TEST_F(Plan, NewIndicatorAfterTheRestorationMeansRestoringAgain) {
  seal({"website"});
  done("website", Step::promote);
  const analysis::Indicator again{
      .service = "website", .time = kStart + 1h, .explanation = "again"};
  record({.kind = RecordKind::indicator, .details = *analysis::to_json(again).object()});
  seal({"website"});
  EXPECT_EQ(only("website").kind, RecoveryKind::restore);
}

TEST_F(Plan, NothingIsLeftWhenAllIsOpen) {
  seal({"website"});
  record({.kind = RecordKind::exposed, .service = "website", .details = {{"to", "public"}}});
  EXPECT_TRUE(order().empty());
}

}  // namespace
}  // namespace bulkhead::supervisor
