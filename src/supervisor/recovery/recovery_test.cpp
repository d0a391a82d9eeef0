#include "supervisor/recovery/recovery.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/random.h"
#include "supervisor/backup/dataset_snapshots.h"
#include "supervisor/fake_supervisor.h"

namespace bulkhead::supervisor {
namespace {

using namespace std::chrono_literals;

Estate estate() {
  Estate estate{.name = "imo"};
  estate.gateway.domain = "localhost";
  for (const char* name : {"gisis", "website"}) {
    ServiceConfig service;
    service.name = name;
    service.hostnames = {std::string(name) + ".localhost"};
    service.tier = service.name == "gisis" ? 1 : 2;
    estate.services.push_back(service);
  }
  estate.rules = {
      {.when = {IndicatorKind::canary}, .on = {"website"}, .seal = {"website", "gisis"}}};
  return estate;
}

class Recovering : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const char* service : {"gisis", "website"}) {
      for (int i = 0; i < 5; ++i) write(service, "g1", "page-" + std::to_string(i), prose(i));
      write(service, "g1", "site.sqlite", "torn");
      write(service, "g1", ".quiesced/site.sqlite", "whole");
    }
    supervisor.set_exposure_observer(
        [this](const auto& change) { desk->exposure_changed(change); });
    supervisor.set_exposure_gate(
        [this](const std::string& service, Exposure to) { return desk->may_expose(service, to); });
    for (const char* service : {"gisis", "website"}) {
      ASSERT_TRUE(backups.back_up(service, nullptr, nullptr));
    }
    clock.advance(60s);
  }
  void TearDown() override { jobs.stop(); }

  static std::string prose(int seed) {
    std::string text;
    while (text.size() < 3000) text += "Paragraph " + std::to_string(seed) + ". ";
    return text;
  }
  void write(const std::string& service, const std::string& generation, const std::string& name,
             const std::string& content) {
    const Path path = supervisor.layout().generation(service, generation) / name;
    ASSERT_TRUE(make_directories(path.parent_path()));
    ASSERT_TRUE(write_file_atomic(path, as_bytes(content)));
  }
  std::string read(const std::string& service, const std::string& name) {
    const std::string generation = supervisor.statuses[service].generation;
    return read_text_file(supervisor.layout().generation(service, generation) / name, 1 << 20)
        .value_or("");
  }
  void attack() {
    SeededRandom random(1);
    for (int i = 0; i < 5; ++i) {
      write("website", "g1", "page-" + std::to_string(i), std::string(as_text(random.bytes(3000))));
    }
    write("website", "g1", "HOW_TO_DECRYPT.txt", "pay");
    desk->report({.kind = analysis::IndicatorKind::canary_touched,
                  .service = "website",
                  .path = "0.csv",
                  .time = clock.now(),
                  .explanation = "touched"});
    id = desk->current().value().id;
    clock.advance(1s);
  }
  void touch_canary(const std::string& generation = "") {
    clock.advance(1s);
    desk->report({.kind = analysis::IndicatorKind::canary_touched,
                  .service = "website",
                  .path = "0.csv",
                  .time = clock.now(),
                  .explanation = "touched again",
                  .generation = generation});
  }
  // Runs as a job does, and waits for its end.
  JobStatus recover(const std::vector<std::string>& services = {},
                    Exposure expose = Exposure::public_) {
    const Jobs::Work work = [&](JobHandle& handle) {
      return recovery.run(id, services, expose, handle);
    };
    const std::string job = jobs.start("recovery", work).value();
    JobStatus status = jobs.find(job).value();
    const auto deadline = std::chrono::steady_clock::now() + 60s;
    while (status.state == JobState::running && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::yield();
      status = jobs.find(job).value();
    }
    return status;
  }

  TemporaryDirectory folder = TemporaryDirectory::create("recovery").value();
  ManualClock clock{from_rfc3339("2020-09-30T06:00:00Z").value()};
  FakeSupervisor supervisor{estate(), folder.path(), clock};
  std::unique_ptr<IncidentDesk> desk = IncidentDesk::open(supervisor).value();
  VaultConnection vault{
      [this](const std::stop_token&) -> Result<std::unique_ptr<repository::Repository>> {
        const repository::RepositoryOptions options{.clock = &clock, .lock_settle = 0ms};
        const std::string location = (folder.path() / "vault").string();
        auto backend = TRY(storage::open_backend(location, {}));
        if (std::filesystem::exists(folder.path() / "vault/config")) {
          return repository::Repository::open(std::move(backend), "password", options);
        }
        repository::InitOptions init;
        init.scrypt_n = 16;
        return repository::Repository::init(std::move(backend), "password", init, options);
      }};
  std::vector<std::string> visitors;
  std::function<void()> on_promoted;
  std::function<void()> on_look;
  bool gateway_answers = true;
  Backups backups{supervisor, vault,
                  [this](const analysis::Indicator& indicator) { desk->report(indicator); },
                  [this](const std::string& service, WallTime begun, WallTime complete) {
                    return desk->is_tainted(service, begun, complete);
                  }};
  Recovery recovery{
      supervisor,
      *desk,
      backups,
      vault,
      {.watch_clean_room = [this](const std::string& service,
                                  const std::string& generation) -> Result<void> {
         supervisor.calls.push_back("watch " + service + " " + generation);
         return {};
       },
       .look =
           [this](const std::string&) {
             if (on_look) on_look();
           },
       .watch_promoted = [this](const std::string&, const std::string&) -> Result<void> {
         if (on_promoted) on_promoted();
         return {};
       },
       .ask_page = [this](const std::string& host, const std::string& pass) -> Result<ProbeResult> {
         visitors.push_back(host + (pass.empty() ? "" : " with " + pass));
         if (!gateway_answers) return fail(ErrorKind::unavailable, "answered 502");
         return ProbeResult{.status = 200, .bytes = 100};
       }}};
  Jobs jobs{clock};
  std::string id;
};

TEST_F(Recovering, BringsEveryServiceBackCleanAndKeepsTheDamage) {
  attack();
  const JobStatus job = recover();
  ASSERT_EQ(job.state, JobState::succeeded) << job.message;
  const Incident incident = desk->current().value();
  EXPECT_EQ(incident.state, IncidentState::restored);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(read("website", "page-" + std::to_string(i)), prose(i));
  EXPECT_EQ(read("website", "site.sqlite"), "whole");
  EXPECT_EQ(read("website", "HOW_TO_DECRYPT.txt"), "");
  EXPECT_EQ(supervisor.statuses["website"].generation, "g2");
  EXPECT_TRUE(std::filesystem::exists(supervisor.layout().generation("website", "g1") /
                                      "HOW_TO_DECRYPT.txt"))
      << "the damaged generation stays";
  const AffectedService& website = *incident.find("website");
  EXPECT_EQ(website.number(Step::choose, "files_damaged"), 5u);
  EXPECT_EQ(website.number(Step::verify, "files_recovered"), 5u);
  EXPECT_EQ(website.rpo(), 60s);
  EXPECT_TRUE(std::filesystem::exists(desk->folder_of(id) / "evidence/website/processes.json"));
}

TEST_F(Recovering, ServiceWithoutIndicatorLosesNothing) {
  write("gisis", "g1", "page-0", "entered after the last backup");
  attack();
  ASSERT_EQ(recover({"gisis"}).state, JobState::succeeded);
  EXPECT_EQ(read("gisis", "page-0"), "entered after the last backup");
  EXPECT_EQ(read("gisis", "site.sqlite"), "torn") << "the copy in .quiesced is older";
  EXPECT_EQ(desk->current()->find("gisis")->rpo(), 0ms);
  EXPECT_EQ(desk->current()->state, IncidentState::recovering) << "the website is still sealed";
}

TEST_F(Recovering, OpensInStagesAndIsSeenAtEachAsThatVisitor) {
  attack();
  ASSERT_EQ(recover({"website"}).state, JobState::succeeded);
  EXPECT_THAT(visitors, ::testing::ElementsAre("website.cleanroom.localhost with pass-of-operator",
                                               "website.localhost with pass-of-operator",
                                               "website.localhost with pass-of-member",
                                               "website.localhost", "website.localhost"));
}

TEST_F(Recovering, GateThatDoesNotPassStopsAndTheNextRunGoesOnFromThere) {
  attack();
  supervisor.answers["/integrity"] = 500;
  const JobStatus failed = recover({"website"});
  EXPECT_EQ(failed.state, JobState::failed);
  EXPECT_NE(failed.message.find("GET /integrity is answered 500"), std::string::npos);
  EXPECT_EQ(supervisor.statuses["website"].exposure, Exposure::sealed);
  EXPECT_EQ(supervisor.statuses["website"].generation, "g1");

  supervisor.answers.clear();
  ASSERT_EQ(recover({"website"}).state, JobState::succeeded);
  EXPECT_EQ(supervisor.statuses["website"].generation, "g2") << "restored once, not twice";
}

TEST_F(Recovering, RestartOfBulkheaddStartsTheCleanRoomAnew) {
  attack();
  gateway_answers = false;
  ASSERT_EQ(recover({"website"}).state, JobState::failed);
  supervisor.statuses["website"].cleanroom_instance.clear();  // ended with bulkheadd
  gateway_answers = true;
  ASSERT_EQ(recover({"website"}).state, JobState::succeeded);
  EXPECT_EQ(supervisor.statuses["website"].generation, "g2");
}

TEST_F(Recovering, ServiceSealedAgainIsCheckedAgainAndOpenedWithoutARestore) {
  attack();
  ASSERT_EQ(recover({"gisis"}).state, JobState::succeeded);
  ASSERT_TRUE(supervisor.seal({"gisis"}, "a security check"));
  EXPECT_EQ(desk->current()->state, IncidentState::contained);
  ASSERT_FALSE(supervisor.set_exposure("gisis", Exposure::public_, "impatience"));
  ASSERT_EQ(recover({"gisis"}).state, JobState::succeeded);
  EXPECT_EQ(supervisor.statuses["gisis"].generation, "g2");
  EXPECT_EQ(supervisor.statuses["gisis"].exposure, Exposure::public_);
  EXPECT_EQ(desk->current()->find("gisis")->seals, 2u);
}

TEST_F(Recovering, DamageAfterTheRestorationIsFoundByTheRecheckAndRestoredAgain) {
  attack();
  ASSERT_EQ(recover({"website"}).state, JobState::succeeded);
  clock.advance(60s);
  SeededRandom random(2);
  for (int i = 0; i < 5; ++i) {
    write("website", "g2", "page-" + std::to_string(i), std::string(as_text(random.bytes(3000))));
  }
  ASSERT_TRUE(supervisor.seal({"website"}, "it looks wrong"));
  EXPECT_EQ(recover({"website"}).state, JobState::failed);
  const JobStatus again = recover({"website"});
  ASSERT_EQ(again.state, JobState::succeeded) << again.message;
  EXPECT_EQ(read("website", "page-0"), prose(0));
  EXPECT_EQ(supervisor.statuses["website"].generation, "g3");
}

TEST_F(Recovering, CanaryTouchedAfterTheRecheckKeepsTheServiceSealedAndFreezesIt) {
  attack();
  ASSERT_EQ(recover({"website"}).state, JobState::succeeded);
  clock.advance(60s);
  ASSERT_TRUE(supervisor.seal({"website"}, "it looks wrong"));
  supervisor.on_call = [this] { touch_canary(); };  // by what the recheck has thawed
  const JobStatus job = recover({"website"});
  EXPECT_EQ(job.state, JobState::failed);
  EXPECT_NE(job.message.find("indicator since it was restored"), std::string::npos) << job.message;
  EXPECT_EQ(supervisor.statuses["website"].exposure, Exposure::sealed);
  EXPECT_EQ(supervisor.statuses["website"].state, ServiceState::frozen);

  supervisor.on_call = nullptr;
  clock.advance(1s);
  ASSERT_EQ(recover({"website"}).state, JobState::succeeded);
  EXPECT_EQ(supervisor.statuses["website"].generation, "g3") << "restored, not rechecked";
}

TEST_F(Recovering, RestoredGenerationIsWatchedBeforeAnythingRunsOnIt) {
  attack();
  ASSERT_EQ(recover({"website"}).state, JobState::succeeded);
  const auto& calls = supervisor.calls;
  const auto watched = std::ranges::find(calls, "watch website g2");
  const auto started = std::ranges::find(calls, "start_clean_room website g2");
  ASSERT_NE(started, calls.end());
  EXPECT_LT(watched, started);
}

TEST_F(Recovering, ChangeInTheCleanRoomIsRestoredAnewAndNotPromoted) {
  attack();
  supervisor.on_call = [this] { touch_canary("g2"); };  // by what runs in the clean room
  const JobStatus job = recover({"website"});
  EXPECT_EQ(job.state, JobState::failed);
  EXPECT_NE(job.message.find("changed in the clean room"), std::string::npos) << job.message;
  EXPECT_EQ(supervisor.statuses["website"].generation, "g1");
  EXPECT_EQ(supervisor.statuses["website"].cleanroom_instance, "");
  EXPECT_FALSE(supervisor.set_exposure("website", Exposure::public_, "impatience"));

  supervisor.on_call = nullptr;
  const JobStatus again = recover({"website"});
  ASSERT_EQ(again.state, JobState::succeeded) << again.message;
  EXPECT_EQ(supervisor.statuses["website"].generation, "g3");
  EXPECT_EQ(read("website", "page-0"), prose(0));
}

TEST_F(Recovering, ChangeInTheCleanRoomOfASecondRestorationIsNoticedToo) {
  attack();
  ASSERT_EQ(recover({"website"}).state, JobState::succeeded);
  touch_canary("g2");
  supervisor.on_call = [this] { touch_canary("g3"); };
  EXPECT_EQ(recover({"website"}).state, JobState::failed);
  supervisor.on_call = nullptr;
  const JobStatus again = recover({"website"});
  ASSERT_EQ(again.state, JobState::succeeded) << again.message;
  EXPECT_EQ(supervisor.statuses["website"].generation, "g4");
}

TEST_F(Recovering, ChangeThatIsSeenOnlyAfterThePromotionKeepsTheServiceSealed) {
  attack();
  on_promoted = [this] { touch_canary("g2"); };
  EXPECT_EQ(recover({"website"}).state, JobState::failed);
  EXPECT_EQ(supervisor.statuses["website"].exposure, Exposure::sealed);
  on_promoted = nullptr;
  ASSERT_EQ(recover({"website"}).state, JobState::succeeded);
  EXPECT_EQ(supervisor.statuses["website"].generation, "g3");
}

TEST_F(Recovering, LateIndicatorOfTheGenerationBeforeDoesNotHoldUpTheNewOne) {
  attack();
  on_promoted = [this] { touch_canary("g1"); };
  ASSERT_EQ(recover({"website"}).state, JobState::succeeded);
  EXPECT_EQ(supervisor.statuses["website"].exposure, Exposure::public_);
}

TEST_F(Recovering, CanaryTouchedWhileItIsPromotedKeepsTheServiceSealed) {
  attack();
  on_promoted = [this] { touch_canary(); };
  EXPECT_EQ(recover({"website"}).state, JobState::failed);
  EXPECT_EQ(supervisor.statuses["website"].exposure, Exposure::sealed);

  on_promoted = nullptr;
  clock.advance(1s);
  ASSERT_EQ(recover({"website"}).state, JobState::succeeded);
  EXPECT_EQ(supervisor.statuses["website"].generation, "g3");
}

TEST_F(Recovering, ServiceWithoutACleanSnapshotStaysSealedAndSaysWhereToLook) {
  clock.advance(-120s);  // the indicator is from before the only backup
  attack();
  const JobStatus job = recover({"website"});
  EXPECT_EQ(job.state, JobState::failed);
  EXPECT_NE(job.message.find("no clean snapshot"), std::string::npos);
  EXPECT_EQ(supervisor.statuses["website"].exposure, Exposure::sealed);
}

TEST_F(Recovering, SnapshotThatAnEarlierIncidentTaintedIsNeitherChosenNorComparedWith) {
  desk->report({.kind = analysis::IndicatorKind::entropy_jump,
                .service = "website",
                .time = clock.now(),
                .explanation = "a suspicion"});
  clock.advance(1s);
  SeededRandom random(4);
  for (int i = 0; i < 5; ++i) {
    write("website", "g1", "page-" + std::to_string(i), std::string(as_text(random.bytes(3000))));
  }
  ASSERT_TRUE(backups.back_up("website", nullptr, nullptr));
  attack();
  ASSERT_EQ(recover().state, JobState::succeeded);
  clock.advance(60s);
  const BackupOutcome after = backups.back_up("website", nullptr, nullptr).value();
  EXPECT_TRUE(after.indicators.empty()) << "compared with the clean one, nothing has changed";
  EXPECT_EQ(supervisor.statuses["website"].exposure, Exposure::public_);
  ASSERT_TRUE(desk->close(id, "over"));

  clock.advance(-30s);  // a second attack; all but the first snapshot are tainted or too late
  desk->report({.kind = analysis::IndicatorKind::canary_touched,
                .service = "website",
                .path = "0.csv",
                .time = clock.now(),
                .explanation = "touched"});
  id = desk->current().value().id;
  clock.advance(60s);
  const JobStatus job = recover({"website"});
  ASSERT_EQ(job.state, JobState::succeeded) << job.message;
  EXPECT_EQ(read("website", "page-0"), prose(0));
}

TEST_F(Recovering, BackupOfASealedServiceIsRefused) {
  attack();
  EXPECT_EQ(backups.back_up("website", nullptr, nullptr).error().kind(), ErrorKind::conflict);
}

TEST_F(Recovering, BackupThatFindsEncryptedFilesRaisesAnIndicator) {
  SeededRandom random(3);
  for (int i = 0; i < 5; ++i) {
    write("gisis", "g1", "page-" + std::to_string(i), std::string(as_text(random.bytes(3000))));
  }
  const BackupOutcome outcome = backups.back_up("gisis", nullptr, nullptr).value();
  ASSERT_EQ(outcome.indicators.size(), 1u);
  EXPECT_EQ(outcome.indicators[0].kind, analysis::IndicatorKind::entropy_jump);
  EXPECT_EQ(desk->current()->state, IncidentState::suspected);
}

TEST_F(Recovering, BackupIsNotTakenWhenTheDatabaseCouldBeTorn) {
  supervisor.answers["/quiesce"] = 500;
  EXPECT_EQ(backups.back_up("gisis", nullptr, nullptr).error().kind(), ErrorKind::unavailable);
  supervisor.answers["/quiesce"] = 404;
  EXPECT_FALSE(backups.back_up("gisis", nullptr, nullptr).value().quiesced);
}

}  // namespace
}  // namespace bulkhead::supervisor
