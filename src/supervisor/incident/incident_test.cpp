#include "supervisor/incident/incident.h"

#include <csignal>
#include <fstream>

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "supervisor/incident/space_reserve.h"
#include "supervisor/incident/timeline.h"

namespace bulkhead::supervisor {
namespace {

using namespace std::chrono_literals;

const WallTime kStart = from_rfc3339("2020-09-30T06:00:00Z").value();

TEST(IncidentState, OnlyTheTableIsPermitted) {
  using enum IncidentState;
  EXPECT_TRUE(permits(suspected, declared));
  EXPECT_TRUE(permits(restored, contained)) << "a restored service may be sealed again";
  EXPECT_FALSE(permits(suspected, recovering)) << "what is not contained is not recovered";
  EXPECT_FALSE(permits(recovering, closed)) << "nothing is closed half-way";
  for (const IncidentState to : {suspected, declared, contained, recovering, restored, closed}) {
    EXPECT_FALSE(permits(closed, to)) << name_of(to);
  }
  EXPECT_EQ(check_transition(suspected, recovering).error().message(),
            "an incident that is suspected cannot become recovering; it can become declared, "
            "closed");
}

TEST(IncidentState, NamesGoThereAndBack) {
  using enum IncidentState;
  for (const IncidentState state : {suspected, declared, contained, recovering, restored, closed}) {
    EXPECT_EQ(incident_state_from(name_of(state)).value(), state);
  }
  EXPECT_FALSE(incident_state_from("fine"));
}

class IncidentRecords : public ::testing::Test {
 protected:
  void add(WallTime time, RecordKind kind, std::string service, json::Object details,
           std::string message = "") {
    Record record{.number = records.size() + 1,
                  .time = time,
                  .kind = kind,
                  .service = std::move(service),
                  .message = std::move(message),
                  .details = std::move(details)};
    records.push_back(record);
  }
  void add_indicator(WallTime time) {
    const analysis::Indicator indicator{.service = "website", .time = time, .explanation = "x"};
    add(time, RecordKind::indicator, "website", *analysis::to_json(indicator).object());
  }
  void contain(WallTime time) {
    add(time, RecordKind::state_changed, "", {{"to", "declared"}});
    add(time, RecordKind::sealed, "",
        {{"services", json::Array{"website", "gisis"}}, {"seal_ms", 120}, {"gateway_ms", 30}});
    add(time, RecordKind::state_changed, "", {{"to", "contained"}});
  }
  std::vector<Record> records = {
      {.number = 1, .time = kStart, .kind = RecordKind::opened, .message = "canary touched"}};
};

TEST_F(IncidentRecords, TellStateDurationsAndServices) {
  add_indicator(kStart);
  contain(kStart + 1s);
  add(kStart + 5s, RecordKind::step_done, "website",
      {{"step", "choose"}, {"snapshot", "3f2a"}, {"time", "2020-09-30T05:59:31Z"}});
  add(kStart + 61s, RecordKind::exposed, "website", {{"to", "public"}});

  const Incident incident = incident_from("i", records).value();
  EXPECT_EQ(incident.state, IncidentState::contained);
  EXPECT_EQ(incident.seal_ms, 120ms);
  EXPECT_EQ(incident.gateway_ms, 30ms);
  const AffectedService& website = *incident.find("website");
  EXPECT_EQ(website.rto(), 60s);
  EXPECT_EQ(website.rpo(), 30s);
  EXPECT_EQ(website.fact(Step::choose, "snapshot"), "3f2a");
  EXPECT_EQ(website.indicators.size(), 1u);
  EXPECT_FALSE(incident.find("gisis")->rto());
  EXPECT_EQ(incident.find("mail"), nullptr);
}

TEST_F(IncidentRecords, SecondSealCountsIntoTheRecoveryTimeAndClearsTheSteps) {
  contain(kStart);
  add(kStart + 1s, RecordKind::step_done, "gisis", {{"step", "promote"}});
  add(kStart + 2s, RecordKind::exposed, "gisis", {{"to", "public"}});
  add(kStart + 3s, RecordKind::sealed, "", {{"services", json::Array{"gisis"}}});
  Incident incident = incident_from("i", records).value();
  EXPECT_FALSE(incident.find("gisis")->rto());
  EXPECT_FALSE(incident.find("gisis")->is_done(Step::promote));
  EXPECT_TRUE(incident.find("gisis")->needs_recheck_only());
  EXPECT_EQ(incident.find("gisis")->seals, 2u);

  add(kStart + 9s, RecordKind::exposed, "gisis", {{"to", "public"}});
  incident = incident_from("i", records).value();
  EXPECT_EQ(incident.find("gisis")->rto(), 9s);
}

TEST_F(IncidentRecords, IndicatorOnASealedServiceSincePromotedTakesItsStepsBack) {
  add_indicator(kStart);
  contain(kStart);
  add(kStart + 1s, RecordKind::step_done, "website", {{"step", "promote"}});
  add(kStart + 2s, RecordKind::sealed, "", {{"services", json::Array{"website"}}});
  add(kStart + 3s, RecordKind::step_done, "website", {{"step", "recheck"}});
  add_indicator(kStart);
  EXPECT_TRUE(incident_from("i", records).value().find("website")->is_done(Step::recheck))
      << "an indicator from before the promotion is past";
  add_indicator(kStart + 4s);
  const Incident incident = incident_from("i", records).value();
  EXPECT_FALSE(incident.find("website")->is_done(Step::recheck));
  EXPECT_FALSE(incident.find("website")->needs_recheck_only());
}

TEST_F(IncidentRecords, IndicatorWhileThePromotionRanIsNotPast) {
  add_indicator(kStart);
  contain(kStart);
  for (const auto& [after, promotions] : {std::pair(1s, 1), std::pair(11s, 2)}) {
    add(kStart + after, RecordKind::step_started, "website", {{"step", "promote"}});
    add_indicator(kStart + after + 1s);
    add(kStart + after + 2s, RecordKind::step_done, "website", {{"step", "promote"}});
    const Incident incident = incident_from("i", records).value();
    const AffectedService& website = *incident.find("website");
    EXPECT_EQ(website.promoted, kStart + after) << promotions;
    EXPECT_EQ(website.current_indicators().size(), 1u) << promotions;
    EXPECT_FALSE(website.is_done(Step::promote)) << promotions;
  }
}

TEST_F(IncidentRecords, FailedStepIsNotDoneAndKeepsItsReason) {
  contain(kStart);
  add(kStart + 1s, RecordKind::step_started, "gisis", {{"step", "probe"}});
  add(kStart + 2s, RecordKind::step_failed, "gisis", {{"step", "probe"}}, "answered 502");
  const Incident incident = incident_from("i", records).value();
  const StepRecord& probe = incident.find("gisis")->steps.at(Step::probe);
  EXPECT_EQ(probe.state, StepState::failed);
  EXPECT_EQ(probe.message, "answered 502");
  EXPECT_EQ(probe.attempts, 1u);
  EXPECT_FALSE(incident.find("gisis")->is_done(Step::probe));
}

TEST_F(IncidentRecords, ContradictionsAreRefusedAndChangeNothing) {
  Incident incident = incident_from("i", records).value();
  const Record leap{.number = 2,
                    .time = kStart,
                    .kind = RecordKind::state_changed,
                    .details = {{"to", "restored"}}};
  EXPECT_EQ(incident.apply(leap).error().kind(), ErrorKind::conflict);
  EXPECT_EQ(incident.state, IncidentState::suspected);
  EXPECT_FALSE(incident.apply({.number = 2, .kind = RecordKind::sealed}));
  EXPECT_FALSE(incident_from("i", {}));
}

class TimelineFile : public ::testing::Test {
 protected:
  TemporaryDirectory folder = TemporaryDirectory::create("timeline").value();
  Path path = folder.path() / "timeline.jsonl";

  void write(int count) {
    Timeline timeline = Timeline::open(path).value();
    for (int i = 0; i < count; ++i) {
      ASSERT_TRUE(timeline.append({{.time = kStart + i * 1ms,
                                    .kind = RecordKind::note,
                                    .service = "website",
                                    .message = "line \"quoted\" \n and broken",
                                    .details = {{"n", i}}}}));
    }
  }
  std::string content() { return read_text_file(path, kTimelineSizeMax).value(); }
};

TEST_F(TimelineFile, RecordsAreThereAfterReopening) {
  write(3);
  write(2);
  const Timeline timeline = Timeline::open(path).value();
  ASSERT_EQ(timeline.records().size(), 5u);
  EXPECT_EQ(timeline.records()[4].number, 5u);
  EXPECT_EQ(timeline.records()[1].time, kStart + 1ms);
  EXPECT_EQ(timeline.records()[0].message, "line \"quoted\" \n and broken");
  EXPECT_EQ(timeline.repaired(), 0u);
}

TEST_F(TimelineFile, CrashAtEveryByteLosesOnlyTheUnfinishedLine) {
  write(2);
  const std::string whole = content();
  const std::size_t first_line = whole.find('\n') + 1;
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    ASSERT_TRUE(write_file_atomic(path, as_bytes(whole.substr(0, size))));
    const Timeline timeline = Timeline::open(path).value();
    const std::size_t complete = size < first_line ? 0 : size < whole.size() ? 1 : 2;
    EXPECT_EQ(timeline.records().size(), complete) << size;
    EXPECT_EQ(timeline.repaired(), size - (complete == 0   ? 0
                                           : complete == 1 ? first_line
                                                           : whole.size()));
    write(1);
    EXPECT_EQ(Timeline::open(path).value().records().size(), complete + 1) << size;
  }
}

TEST_F(TimelineFile, DamageBeforeTheEndIsAnErrorThatNamesTheLine) {
  write(3);
  std::string damaged = content();
  damaged[damaged.find('\n') + 3] = '\x01';
  ASSERT_TRUE(write_file_atomic(path, as_bytes(damaged)));
  const auto timeline = Timeline::open(path);
  ASSERT_FALSE(timeline);
  EXPECT_EQ(timeline.error().kind(), ErrorKind::corrupt);
  EXPECT_NE(timeline.error().message().find("timeline.jsonl:2"), std::string::npos);
}

TEST_F(TimelineFile, MissingLineIsNoticed) {
  write(3);
  const std::string whole = content();
  ASSERT_TRUE(write_file_atomic(path, as_bytes(whole.substr(whole.find('\n') + 1))));
  EXPECT_EQ(Timeline::open(path).error().kind(), ErrorKind::corrupt);
}

// A file that may not grow further is what a full disk is: a part is written, then nothing.
class FullDisk {
 public:
  explicit FullDisk(rlim_t file_size_max) {
    previous_handler_ = std::signal(SIGXFSZ, SIG_IGN);
    EXPECT_EQ(getrlimit(RLIMIT_FSIZE, &previous_), 0);
    const rlimit full{.rlim_cur = file_size_max, .rlim_max = previous_.rlim_max};
    EXPECT_EQ(setrlimit(RLIMIT_FSIZE, &full), 0);
  }
  ~FullDisk() {
    EXPECT_EQ(setrlimit(RLIMIT_FSIZE, &previous_), 0);
    std::signal(SIGXFSZ, previous_handler_);
  }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;

 private:
  rlimit previous_{};
  sighandler_t previous_handler_ = SIG_DFL;
};

TEST_F(TimelineFile, GoesOnWhenAFullDiskHasRoomAgain) {
  write(2);
  const std::string whole = content();
  Timeline timeline = Timeline::open(path).value();
  const Record record{.time = kStart, .kind = RecordKind::note, .message = "once more"};
  {
    const FullDisk full(whole.size() + 7);
    const auto refused = timeline.append({record});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind(), ErrorKind::limit);
    EXPECT_EQ(content(), whole) << "nothing of the line is left";
  }
  ASSERT_TRUE(timeline.append({record}));
  EXPECT_EQ(Timeline::open(path).value().records().size(), 3u);
}

TEST(Reserve, GivesTheSpaceBackAndTakesItAgain) {
  const TemporaryDirectory folder = TemporaryDirectory::create("reserve").value();
  const Path file = folder.path() / "state" / "reserve";
  SpaceReserve reserve(file);
  ASSERT_TRUE(reserve.take());
  EXPECT_EQ(std::filesystem::file_size(file), kReservedBytes);
  struct stat taken{};
  ASSERT_EQ(stat(file.c_str(), &taken), 0);
  EXPECT_GE(static_cast<std::uint64_t>(taken.st_blocks) * 512, kReservedBytes) << "not a hole";
  reserve.release();
  EXPECT_FALSE(std::filesystem::exists(file));
  ASSERT_TRUE(reserve.take());
  EXPECT_TRUE(SpaceReserve(file).take()) << "after a restart";
}

}  // namespace
}  // namespace bulkhead::supervisor
