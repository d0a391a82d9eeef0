// The supervisor with its real gateway and compartments, on the estate of the black-box tests: what
// a recovery asks of it, step by step.
#include "supervisor/control/estate_supervisor.h"

#include <mutex>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "http/client.h"
#include "supervisor/estate/create.h"

namespace bulkhead::supervisor {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using namespace std::chrono_literals;

class EstateSupervisorTest : public testing::Test {
 protected:
  void SetUp() override {
    CreateOptions options;
    options.from = Path(BULKHEAD_SOURCE_DIR) / "tests/blackbox/estate";
    options.at = folder_.path() / "estate";
    options.free_ports = true;
    auto estate = create_estate(options, clock_, random_);
    ASSERT_TRUE(estate) << estate.error().message();
    origin_ = estate->https_origin("alpha.localhost");
    address_ = "127.0.0.1:" + std::to_string(estate->gateway.https_port);
    certificate_ = Layout(estate->folder).ca_certificate();
    ASSERT_EQ(::chdir(estate->folder.c_str()), 0);
    auto supervisor = EstateSupervisor::create(std::move(*estate), "/nonexistent", clock_);
    ASSERT_TRUE(supervisor) << supervisor.error().message();
    supervisor_ = std::move(*supervisor);
    supervisor_->start_services();
    ASSERT_TRUE(supervisor_->wait_until_ready(60s)) << supervisor_->services()[0].problem;
  }

  void TearDown() override {
    if (supervisor_) supervisor_->stop_all(1s);
    supervisor_.reset();
    ASSERT_EQ(::chdir("/"), 0);
  }

  // A second generation of alpha's dataset, as a restore leaves it.
  void make_generation(std::string_view name) {
    const Path folder = supervisor_->layout().generation("alpha", name);
    ASSERT_TRUE(make_directories(folder));
    ASSERT_TRUE(write_file_atomic(folder / "generation.txt", as_bytes(name)));
  }

  std::string generation_of(std::string_view instance) {
    const auto answer =
        supervisor_->call("alpha", instance, http::Method::get, "/generation", 1000ms);
    if (!answer) return "no answer";
    return json::parse(answer->body).value()["generation"].to_string("generation").value();
  }

  http::ClientResponse visit(std::string_view path) {
    http::ClientOptions options;
    options.ca_certificate_file = certificate_;
    options.connect_to = address_;
    http::Client client(std::move(options));
    auto answer = client.get(origin_ + std::string(path));
    EXPECT_TRUE(answer) << answer.error().message();
    return answer ? std::move(*answer) : http::ClientResponse{};
  }

  TemporaryDirectory folder_ = TemporaryDirectory::create("bulkhead-supervisor").value();
  SystemClock clock_;
  SystemRandom random_;
  std::string origin_;
  std::string address_;
  Path certificate_;
  std::unique_ptr<EstateSupervisor> supervisor_;
};

TEST_F(EstateSupervisorTest, RestoredGenerationRunsBesideTheSealedOneAndTakesOver) {
  const auto report = supervisor_->seal({"alpha"}, "test");
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_THAT(report->sealed, ElementsAre("alpha"));
  EXPECT_EQ(visit("/generation").status, 503);
  make_generation("g2");

  const auto instance = supervisor_->start_clean_room("alpha", "g2", 30s);
  ASSERT_TRUE(instance) << instance.error().message();
  EXPECT_EQ(generation_of("cleanroom"), "g2");
  // The compromised one is still there, frozen: it is evidence.
  EXPECT_EQ(supervisor_->service("alpha")->state, ServiceState::frozen);
  EXPECT_EQ(supervisor_->service("alpha")->cleanroom_instance, *instance);

  ASSERT_TRUE(supervisor_->promote("alpha"));
  EXPECT_EQ(generation_of("current"), "g2");
  EXPECT_EQ(supervisor_->service("alpha")->exposure, Exposure::sealed);
  EXPECT_EQ(visit("/generation").status, 503);
  ASSERT_TRUE(supervisor_->set_exposure("alpha", Exposure::public_, "test"));
  const auto answer = visit("/generation");
  EXPECT_EQ(answer.status, 200);
  EXPECT_THAT(answer.body, HasSubstr("g2"));
  EXPECT_EQ(std::filesystem::read_symlink(supervisor_->layout().current_generation("alpha")), "g2");
  EXPECT_EQ(supervisor_->promote("alpha").error().kind(), ErrorKind::conflict);
}

TEST_F(EstateSupervisorTest, CleanRoomThatCannotStartSaysWhy) {
  const auto absent = supervisor_->start_clean_room("alpha", "g9", 5s);
  ASSERT_FALSE(absent);
  EXPECT_EQ(absent.error().kind(), ErrorKind::not_found);
  EXPECT_THAT(absent.error().message(), HasSubstr("no generation g9"));
  EXPECT_EQ(visit("/generation").status, 200);
}

TEST_F(EstateSupervisorTest, EvidenceIsTakenOfFrozenProcessesOnly) {
  EXPECT_EQ(supervisor_->process_evidence("alpha").error().kind(), ErrorKind::conflict);
  ASSERT_TRUE(supervisor_->freeze("alpha"));
  const auto evidence = supervisor_->process_evidence("alpha");
  ASSERT_TRUE(evidence) << evidence.error().message();
  EXPECT_THAT(json::write(*evidence), HasSubstr("service.py"));
  ASSERT_TRUE(supervisor_->thaw("alpha"));
  ASSERT_TRUE(supervisor_->wait_until_ready(30s));
  EXPECT_EQ(generation_of("current"), "g1");
}

TEST_F(EstateSupervisorTest, GateKeepsAServiceAsItIs) {
  std::vector<std::string> seen;
  supervisor_->set_exposure_observer([&](const Supervisor::ExposureChange& change) {
    seen.push_back(change.services.front() + " " + std::string(name_of(change.to)) +
                   (change.seal ? " by seal" : ""));
  });
  supervisor_->set_exposure_gate([](const std::string&, Exposure to) -> Result<void> {
    if (to == Exposure::operators) return {};
    return fail(ErrorKind::conflict, "gate hunt is missing");
  });
  ASSERT_TRUE(supervisor_->seal({"alpha"}, "test"));
  const auto refused = supervisor_->set_exposure("alpha", Exposure::public_, "test");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), ErrorKind::conflict);
  EXPECT_EQ(supervisor_->service("alpha")->exposure, Exposure::sealed);
  ASSERT_TRUE(supervisor_->set_exposure("alpha", Exposure::operators, "test"));
  EXPECT_THAT(seen, ElementsAre("alpha sealed by seal", "alpha operators"));
}

TEST_F(EstateSupervisorTest, SealWhileAServiceIsBeingOpenedIsNotUndone) {
  ASSERT_TRUE(supervisor_->seal({"alpha"}, "test"));
  bool is_sealed_again = false;
  supervisor_->set_exposure_gate([&](const std::string&, Exposure) -> Result<void> {
    if (std::exchange(is_sealed_again, true)) return {};
    TRY(supervisor_->seal({"alpha"}, "a new indicator"));
    return {};
  });
  const auto refused = supervisor_->set_exposure("alpha", Exposure::public_, "test");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), ErrorKind::conflict);
  EXPECT_THAT(refused.error().message(), HasSubstr("sealed meanwhile"));
  EXPECT_EQ(supervisor_->service("alpha")->exposure, Exposure::sealed);
  EXPECT_EQ(supervisor_->service("alpha")->state, ServiceState::frozen);
}

TEST_F(EstateSupervisorTest, ObserverIsToldOfChangesInTheOrderInWhichTheyCameIntoForce) {
  std::mutex mutex;
  std::vector<std::string> told;
  const auto tell = [&](std::string what) {
    const std::lock_guard lock(mutex);
    told.push_back(std::move(what));
  };
  supervisor_->set_exposure_observer([&](const Supervisor::ExposureChange& change) {
    const std::string name(name_of(change.to));
    tell("begin " + name);
    // The seal's observer is slow: the opening is in force before it has ended.
    while (change.to == Exposure::sealed &&
           supervisor_->service("alpha")->exposure == Exposure::sealed) {
      std::this_thread::yield();
    }
    tell("end " + name);
  });
  std::thread sealing([&] { EXPECT_TRUE(supervisor_->seal({"alpha"}, "test")); });
  while (supervisor_->service("alpha")->exposure != Exposure::sealed) std::this_thread::yield();
  EXPECT_TRUE(supervisor_->set_exposure("alpha", Exposure::public_, "test"));
  sealing.join();
  EXPECT_THAT(told, ElementsAre("begin sealed", "end sealed", "begin public", "end public"));
}

TEST_F(EstateSupervisorTest, StoppedServiceStaysStoppedUntilItIsStarted) {
  ASSERT_TRUE(supervisor_->stop("alpha"));
  EXPECT_EQ(supervisor_->service("alpha")->state, ServiceState::stopped);
  EXPECT_EQ(
      supervisor_->call("alpha", "current", http::Method::get, "/livez", 500ms).error().kind(),
      ErrorKind::unavailable);
  ASSERT_TRUE(supervisor_->start("alpha"));
  ASSERT_TRUE(supervisor_->wait_until_ready(30s));
  EXPECT_EQ(supervisor_->service("alpha")->restarts, 0u);
}

}  // namespace
}  // namespace bulkhead::supervisor
