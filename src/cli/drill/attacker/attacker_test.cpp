// The drill's attacker: that it refuses wherever it is not a drill's, and that inside a compartment
// it destroys that compartment's data, and nothing else, with every way out closed.
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/process.h"
#include "cli/drill/attacker/implant.h"
#include "sandbox/compartment.h"

namespace bulkhead::cli::drill::attacker {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

constexpr std::string_view kToken = "0123456789abcdef0123456789abcdef";

Path program() { return Path(BULKHEAD_BINARY_DIR) / "bin/bulkhead-drill-attacker"; }

class Attacker : public testing::Test {
 protected:
  void SetUp() override {
    folder_.emplace(*TemporaryDirectory::create("attacker"));
    for (const char* const name : {"data/sub", "run", "other"}) {
      ASSERT_TRUE(make_directories(folder_->path() / name));
    }
    write("data/.bulkhead-drill", kToken);
    write("data/page.md", std::string(10'000, 'a'));
    write("data/sub/record.csv", "1,2,3");
    write("other/untouched", "other");
    // Out of the dataset, for an attacker that would follow links.
    std::filesystem::create_symlink(folder_->path() / "other", folder_->path() / "data/link");
    std::filesystem::create_symlink("../../other/untouched", folder_->path() / "data/sub/link");
    log_ = *open_file(folder_->path() / "log", O_RDWR | O_CREAT | O_APPEND, 0644);
  }

  void write(std::string_view name, std::string_view content) const {
    ASSERT_TRUE(write_file_atomic(folder_->path() / name, as_bytes(content)));
  }
  std::string read(std::string_view name) const {
    const auto text = read_text_file(folder_->path() / name, 1 << 20);
    return text ? *text : "error: " + text.error().message();
  }
  bool exists(std::string_view name) const {
    return std::filesystem::exists(folder_->path() / name);
  }
  void expect_untouched() const {
    EXPECT_EQ(read("data/page.md"), std::string(10'000, 'a'));
    EXPECT_EQ(read("data/sub/record.csv"), "1,2,3");
    EXPECT_FALSE(exists("data/HOW-TO-RECOVER-YOUR-FILES.txt"));
  }

  sandbox::Policy policy(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {"/program/attacker", "--token", std::string(kToken)});
    return {.name = "website",
            .command = std::move(arguments),
            .data_directory = folder_->path() / "data",
            .socket_directory = folder_->path() / "run",
            .read_only = {{program(), "/program/attacker"}}};
  }
  ExitStatus run_in_compartment(const sandbox::Policy& what) const {
    auto compartment = sandbox::Compartment::start(what, log_.get());
    EXPECT_TRUE(compartment) << compartment.error().message();
    return compartment ? compartment->wait() : ExitStatus{.code = -1};
  }

  std::optional<TemporaryDirectory> folder_;
  FileDescriptor log_;
};

TEST_F(Attacker, RefusesToRunOutsideOfACompartment) {
  const auto result =
      run({.arguments = {program().native(), "--token", std::string(kToken), "--now"},
           .directory = folder_->path() / "data"},
          {}, 1 << 16, 20s);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->status.code, 3);
  EXPECT_THAT(result->error_output, HasSubstr("refuses to run"));
  expect_untouched();
  // Even where the marker is right, and this test process stands in the attacker's place.
  const auto done = attack({.token = std::string(kToken)}, {.data = folder_->path() / "data"});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().kind(), ErrorKind::denied);
  expect_untouched();
}

TEST_F(Attacker, RefusesADatasetThatNoDrillOrAnotherDrillHasMarked) {
  write("data/.bulkhead-drill", "00000000000000000000000000000000");
  EXPECT_EQ(run_in_compartment(policy({"--now"})).code, 3);
  EXPECT_THAT(read("log"), HasSubstr("another drill"));
  std::filesystem::remove(folder_->path() / "data/.bulkhead-drill");
  EXPECT_EQ(run_in_compartment(policy({"--now"})).code, 3);
  EXPECT_THAT(read("log"), HasSubstr("has no .bulkhead-drill"));
  expect_untouched();
}

TEST_F(Attacker, EncryptsItsCompartmentsDataAndNothingElse) {
  ASSERT_EQ(run_in_compartment(policy({"--now"})).code, 0) << read("log");
  EXPECT_FALSE(exists("data/page.md"));
  const std::string locked = read("data/page.md.q7x4");
  EXPECT_EQ(locked.size(), 10'000u);
  EXPECT_EQ(locked.find("aaaa"), std::string::npos);
  EXPECT_TRUE(exists("data/sub/record.csv.q7x4"));
  EXPECT_TRUE(exists("data/HOW-TO-RECOVER-YOUR-FILES.txt"));
  EXPECT_EQ(read("data/.bulkhead-drill"), kToken);
  EXPECT_EQ(read("other/untouched"), "other");
  EXPECT_FALSE(exists("other/untouched.q7x4"));
}

TEST_F(Attacker, FindsEveryWayOutClosedAndReportsIt) {
  write("secret", "password");
  const std::string secret = (folder_->path() / "secret").native();
  ASSERT_EQ(run_in_compartment(policy({"--try-tcp", "127.0.0.1:8443", "--try-read", secret,
                                       "--try-unix", "/run/control.sock", "--now"}))
                .code,
            0);
  const auto report = json::parse(read("data/.attack-report.json"));
  ASSERT_TRUE(report) << read("data/.attack-report.json");
  EXPECT_EQ(*(*report)["state"].string(), "finished");
  EXPECT_EQ(*(*report)["escaped"].boolean(), false) << read("data/.attack-report.json");
  EXPECT_EQ(*(*report)["files_encrypted"].to_u64("files"), 2u);
  const json::Array& attempts = *(*report)["attempts"].array();
  EXPECT_GT(attempts.size(), 10u);
  EXPECT_EQ(*attempts[0]["outcome"].string(), "EAFNOSUPPORT");
  EXPECT_EQ(*attempts[1]["outcome"].string(), "ENOENT");
}

TEST_F(Attacker, RunsTheServiceUntilTheTriggerAndGoesOnRunningItAfterwards) {
  auto compartment = sandbox::Compartment::start(
      policy({"--", "/usr/bin/sh", "-c",
              "trap 'exit 5' TERM; echo > /run/service/up; while :; do sleep 0.01; done"}),
      log_.get());
  ASSERT_TRUE(compartment) << compartment.error().message();
  const auto wait_for = [&](std::string_view name) {
    const auto end = std::chrono::steady_clock::now() + 20s;
    while (!exists(name) && std::chrono::steady_clock::now() < end) std::this_thread::yield();
    return exists(name);
  };
  ASSERT_TRUE(wait_for("run/up")) << read("log");
  expect_untouched();
  write("data/.drill-trigger", "");
  ASSERT_TRUE(wait_for("data/page.md.q7x4")) << read("log");
  EXPECT_FALSE(compartment->poll());
  EXPECT_EQ(compartment->stop(10s).code, 5);
}

}  // namespace
}  // namespace bulkhead::cli::drill::attacker
