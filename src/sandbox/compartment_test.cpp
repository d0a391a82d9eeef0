// How a compartment begins, stops, freezes and ends. What it cannot do from inside is proven in
// boundary_test.cpp.
#include "sandbox/compartment.h"

#include <stdexcept>
#include <thread>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include "base/text.h"
#include "json/value.h"
#include "sandbox/internal/process_tree.h"
#include "sandbox/test_estate.h"

namespace bulkhead::sandbox {
namespace {

using namespace std::chrono_literals;

// A zombie has ended, whether or not somebody has asked how.
bool is_running(pid_t id) {
  const auto tree = internal::process_tree(id);
  return !tree.empty() && tree[0].state != 'Z' && tree[0].state != 'X';
}

class CompartmentTest : public testing::Test {
 protected:
  void SetUp() override {
    auto estate = TestEstate::create();
    ASSERT_TRUE(estate) << estate.error().message();
    estate_.emplace(std::move(*estate));
  }

  Policy policy(std::vector<std::string> command) const {
    Policy result = estate_->probe_policy(Network::none, {});
    result.command = std::move(command);
    return result;
  }
  Compartment start(const Policy& what) const {
    auto compartment = Compartment::start(what, estate_->log());
    if (!compartment) throw std::runtime_error(compartment.error().message());
    return std::move(*compartment);
  }
  Compartment start_ticking() const {
    Compartment compartment = start(estate_->probe_policy(Network::none, {"tick"}));
    wait_until_ticks_exceed(100);
    return compartment;
  }
  std::uintmax_t ticks() const {
    std::error_code error;
    const auto size = std::filesystem::file_size(estate_->path("datasets/website/ticks"), error);
    return error ? 0 : size;
  }
  void wait_until_ticks_exceed(std::uintmax_t count) const {
    const auto end = std::chrono::steady_clock::now() + 20s;
    while (ticks() <= count && std::chrono::steady_clock::now() < end) std::this_thread::yield();
    ASSERT_GT(ticks(), count);
  }

  std::optional<TestEstate> estate_;
};

TEST_F(CompartmentTest, RunsTheCommandAndAnswersItsExitStatus) {
  auto compartment = start(policy({"/usr/bin/sh", "-c", "pwd; hostname; id -un; exit 7"}));
  EXPECT_EQ(compartment.wait().code, 7);
  EXPECT_EQ(estate_->log_text(), "/data\nwebsite\nservice\n");
}

TEST_F(CompartmentTest, StopsTheServiceWithATerminationSignalFirst) {
  auto compartment = start(
      policy({"/usr/bin/sh", "-c",
              "trap 'echo asked; exit 3' TERM; echo > /data/ticks; while :; do sleep 0.01; done"}));
  wait_until_ticks_exceed(0);
  EXPECT_EQ(compartment.stop(10s).code, 3);
  EXPECT_EQ(estate_->log_text(), "asked\n");
}

TEST_F(CompartmentTest, EndsAServiceThatDoesNotStop) {
  auto compartment = start(policy(
      {"/usr/bin/sh", "-c", "trap '' TERM; echo > /data/ticks; while :; do sleep 0.01; done"}));
  wait_until_ticks_exceed(0);
  const auto before = compartment.processes();
  EXPECT_GE(before.size(), 3u);
  EXPECT_FALSE(compartment.stop(50ms).success());
  for (const pid_t id : before) EXPECT_FALSE(is_running(id)) << id;
}

TEST_F(CompartmentTest, ExecutesNothingWhileFrozenAndGoesOnAfterwards) {
  auto compartment = start_ticking();
  const auto before = std::chrono::steady_clock::now();
  ASSERT_TRUE(compartment.freeze());
  const std::chrono::microseconds took = std::chrono::duration_cast<std::chrono::microseconds>(
      std::chrono::steady_clock::now() - before);
  RecordProperty("freeze_us", std::to_string(took.count()));
  const auto frozen_at = ticks();
  // Long enough for a thousand ticks, were it running: 200 microseconds apart.
  std::this_thread::sleep_for(200ms);
  EXPECT_EQ(ticks(), frozen_at);
  EXPECT_TRUE(compartment.frozen());
  EXPECT_FALSE(compartment.poll());
  ASSERT_TRUE(compartment.thaw());
  wait_until_ticks_exceed(frozen_at);
}

TEST_F(CompartmentTest, FreezesBySignalsWhereThereIsNoFreezer) {
  auto compartment = start_ticking();
  const pid_t outer = compartment.processes().at(0);
  ASSERT_TRUE(internal::stop_by_signals(outer));
  const auto frozen_at = ticks();
  std::this_thread::sleep_for(200ms);
  EXPECT_EQ(ticks(), frozen_at);
  internal::continue_by_signals(outer);
  wait_until_ticks_exceed(frozen_at);
}

TEST_F(CompartmentTest, CanBeEndedWhileFrozen) {
  auto compartment = start_ticking();
  const auto before = compartment.processes();
  ASSERT_TRUE(compartment.freeze());
  compartment.kill();
  EXPECT_TRUE(compartment.poll());
  for (const pid_t id : before) EXPECT_FALSE(is_running(id)) << id;
}

TEST_F(CompartmentTest, GivesProcessesAndMemoryMapsAsEvidence) {
  auto compartment = start_ticking();
  ASSERT_TRUE(compartment.freeze());
  const auto text = compartment.evidence();
  ASSERT_TRUE(text) << text.error().message();
  const auto value = json::parse(*text);
  ASSERT_TRUE(value);
  const json::Array& processes = *(*value)["processes"].array();
  ASSERT_GE(processes.size(), 4u);  // bubblewrap's two, and the two that tick
  const json::Value& last = processes.back();
  EXPECT_EQ(*last["arguments"].array()->at(1).string(), "tick");
  EXPECT_THAT(*last["exe"].string(), testing::EndsWith("probe"));
  const auto maps = json::write(last["maps"]);
  EXPECT_THAT(maps, testing::HasSubstr("[stack]"));
  EXPECT_THAT(json::write(last["open_files"]), testing::HasSubstr("ticks"));
}

TEST_F(CompartmentTest, OutlivesTheThreadThatStartedIt) {
  std::optional<Compartment> compartment;
  std::thread([&] { compartment.emplace(start_ticking()); }).join();
  const auto before = ticks();
  wait_until_ticks_exceed(before + 100);
  EXPECT_FALSE(compartment->poll());
}

TEST_F(CompartmentTest, EndsWithTheProcessThatOwnsIt) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const FileDescriptor read_end(ends[0]);
  FileDescriptor write_end(ends[1]);
  auto owner = Process::start({.arguments = {test_program("bulkhead-sandbox-trial").native(), "own",
                                             estate_->path("").native(),
                                             test_program("bulkhead-compartment-probe").native()},
                               .environment = {"PATH=/usr/bin:/bin"},
                               .standard_output = write_end.get()});
  ASSERT_TRUE(owner) << owner.error().message();
  write_end.reset();
  std::uint8_t buffer[64];
  const auto got = read_some(read_end.get(), buffer);
  ASSERT_TRUE(got && *got > 0);
  const auto service = parse_u64(trim(as_text(ByteView(buffer, *got))));
  ASSERT_TRUE(service);
  const auto id = static_cast<pid_t>(*service);
  ASSERT_TRUE(is_running(id));
  ::kill(owner->id(), SIGKILL);
  owner->wait();
  const auto end = std::chrono::steady_clock::now() + 20s;
  while (is_running(id) && std::chrono::steady_clock::now() < end) std::this_thread::yield();
  EXPECT_FALSE(is_running(id));
}

TEST_F(CompartmentTest, RefusesPoliciesThatMakeNoSense) {
  const auto refusal = [](const Policy& wrong) {
    const auto compartment = Compartment::start(wrong);
    return compartment ? std::string("started") : compartment.error().message();
  };
  Policy wrong = policy({"relative"});
  EXPECT_THAT(refusal(wrong), testing::HasSubstr("command"));
  wrong = policy({"/usr/bin/true"});
  wrong.name = "../x";
  EXPECT_THAT(refusal(wrong), testing::HasSubstr("cannot name"));
  wrong = policy({"/usr/bin/true"});
  wrong.data_directory = estate_->path("datasets/none");
  EXPECT_THAT(refusal(wrong), testing::HasSubstr("is not there"));
  wrong = policy({"/usr/bin/true"});
  for (const char* const inside : {"/usr/bin", "/data/x", "/program/../etc", "/", "/config//x"}) {
    wrong.read_only = {{estate_->path("estate.toml"), inside}};
    EXPECT_THAT(refusal(wrong), testing::HasSubstr("mount point")) << inside;
  }
}

TEST_F(CompartmentTest, SaysWhatIsInForce) {
  auto compartment = start(policy({"/usr/bin/true"}));
  const Enforcement& enforcement = compartment.enforcement();
  const bool by_cgroup = enforcement.memory != LimitedBy::resource_limits;
  EXPECT_EQ(by_cgroup || !enforcement.warnings.empty(), true);
  RecordProperty("memory", std::string(name_of(enforcement.memory)));
  RecordProperty("processes", std::string(name_of(enforcement.processes)));
  RecordProperty("freezing", std::string(name_of(enforcement.freezing)));
}

}  // namespace
}  // namespace bulkhead::sandbox
