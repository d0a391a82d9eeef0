#include "supervisor/status/status_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bulkhead::supervisor {
namespace {

using testing::HasSubstr;
using testing::Not;
using namespace std::chrono_literals;

class StatusPage : public testing::Test {
 protected:
  StatusPage() {
    for (const ServiceConfig& service : estate_.services) {
      ServiceStatus status;
      status.name = service.name;
      status.exposure = Exposure::public_;
      status.state = ServiceState::ready;
      status.since = kNow;
      view_.services.push_back(status);
    }
    view_.now = kNow;
  }

  ServiceStatus& service(std::string_view name) {
    for (ServiceStatus& status : view_.services) {
      if (status.name == name) return status;
    }
    return view_.services.front();
  }

  void open_incident() {
    StatusIncident incident;
    incident.id = "2020-09-30-1";
    incident.opened = kNow;
    incident.updates = {{kNow, StatusStep::contained, {"gisis", "website"}},
                        {kNow + 90min, StatusStep::restored, {"gisis"}}};
    view_.incidents = {incident};
  }

  const WallTime kNow = from_rfc3339("2020-09-30T06:15:00Z").value();
  Estate estate_ = read_estate(Path(BULKHEAD_SOURCE_DIR) / "estates/imo").value();
  Messages messages_ = Messages::load().value();
  StatusView view_;
};

TEST_F(StatusPage, SaysThatAllIsWell) {
  const std::string page = status_html(view_, estate_, messages_, "en");
  EXPECT_THAT(page, HasSubstr("All services are working"));
  EXPECT_THAT(page, HasSubstr("No incident is open."));
  EXPECT_THAT(page, HasSubstr("<a href=\"https://gisis.localhost:8443/en/\">"));
  EXPECT_THAT(page, testing::Not(HasSubstr("http-equiv")));
}

TEST_F(StatusPage, TellsTheStepsOfAnIncidentNewestFirstInEveryLanguage) {
  open_incident();
  service("website").exposure = Exposure::sealed;
  for (const std::string_view language : kLanguages) {
    const std::string page = status_html(view_, estate_, messages_, language);
    const std::string& title = estate_.find("website")->title.find(language)->second;
    EXPECT_THAT(page, HasSubstr(title)) << language;
    const std::size_t later = page.find("2020-09-30 07:45");
    const std::size_t earlier = page.find("06:15</time> ", later);
    EXPECT_NE(later, std::string::npos);
    EXPECT_NE(earlier, std::string::npos);
  }
  const std::string english = status_html(view_, estate_, messages_, "en");
  EXPECT_THAT(english, HasSubstr("Closed by us for protection"));
  // Nobody is sent to what is closed.
  EXPECT_THAT(english, Not(HasSubstr("https://website.localhost:8443/en/")));
}

TEST_F(StatusPage, StatesFollowExposureAndReadiness) {
  ServiceStatus status;
  status.state = ServiceState::ready;
  const std::pair<Exposure, ComponentState> expected[] = {
      {Exposure::public_, ComponentState::operational},
      {Exposure::read_only, ComponentState::degraded_performance},
      {Exposure::members, ComponentState::partial_outage},
      {Exposure::operators, ComponentState::partial_outage},
      {Exposure::sealed, ComponentState::under_maintenance}};
  for (const auto& [exposure, state] : expected) {
    status.exposure = exposure;
    EXPECT_EQ(component_state(status), state);
  }
  status.exposure = Exposure::public_;
  status.state = ServiceState::waiting;
  EXPECT_EQ(component_state(status), ComponentState::major_outage);
}

TEST_F(StatusPage, SummaryHasTheShapeThatStatusPagesShare) {
  open_incident();
  service("website").exposure = Exposure::sealed;
  const auto summary = json::parse(status_summary(view_, estate_, messages_)).value();
  EXPECT_EQ(summary["status"]["indicator"].to_string("").value(), "major");
  EXPECT_EQ(summary["components"].array()->size(), estate_.services.size());
  const json::Value& incident = summary["incidents"].array()->front();
  EXPECT_EQ(incident["status"].to_string("").value(), "monitoring");
  EXPECT_EQ(incident["incident_updates"].array()->size(), 2u);
  EXPECT_EQ((*incident["incident_updates"].array())[1]["status"].to_string("").value(),
            "investigating");
}

TEST_F(StatusPage, ResolvedIncidentsStayInTheFeedAndLeaveTheSummary) {
  open_incident();
  view_.incidents[0].updates.push_back({kNow + 2h, StatusStep::resolved, {"gisis"}});
  EXPECT_THAT(status_atom(view_, estate_, messages_, "fr"),
              HasSubstr("<updated>2020-09-30T08:15:00Z</updated>"));
  const auto summary = json::parse(status_summary(view_, estate_, messages_)).value();
  EXPECT_TRUE(summary["incidents"].array()->empty());
}

TEST_F(StatusPage, TextsOfAnIncidentCannotBecomeMarkup) {
  open_incident();
  view_.incidents[0].id = "<script>";
  estate_.contact = "<b>";
  const std::string page = status_html(view_, estate_, messages_, "en");
  EXPECT_THAT(page, Not(HasSubstr("<script>")));
  EXPECT_THAT(page, Not(HasSubstr("<b>")));
}

}  // namespace
}  // namespace bulkhead::supervisor
