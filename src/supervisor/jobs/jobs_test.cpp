#include "supervisor/jobs/jobs.h"

#include <future>

#include <gtest/gtest.h>

namespace bulkhead::supervisor {
namespace {

using namespace std::chrono_literals;

class JobsRun : public ::testing::Test {
 protected:
  // Polls, as a client of the control API does; gives up after a generous while.
  JobStatus ended(const std::string& id) {
    const auto deadline = std::chrono::steady_clock::now() + 30s;
    JobStatus status = jobs.find(id).value();
    while (status.state == JobState::running && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::yield();
      status = jobs.find(id).value();
    }
    return status;
  }
  ManualClock clock{from_rfc3339("2020-09-30T06:00:00Z").value()};
  Jobs jobs{clock};
};

TEST_F(JobsRun, TellTheirResultAndTheirError) {
  const std::string good =
      jobs.start("backup", [](JobHandle&) -> Result<json::Value> { return json::Value("3f2a"); })
          .value();
  const std::string bad = jobs.start("backup",
                                     [](JobHandle&) -> Result<json::Value> {
                                       return fail(ErrorKind::unavailable, "the vault is away");
                                     })
                              .value();
  EXPECT_EQ(*ended(good).result.string(), "3f2a");
  EXPECT_EQ(ended(good).progress, 1);
  EXPECT_EQ(ended(bad).state, JobState::failed);
  EXPECT_EQ(ended(bad).message, "the vault is away");
  EXPECT_EQ(jobs.find("77").error().kind(), ErrorKind::not_found);
  EXPECT_EQ(jobs.find("x").error().kind(), ErrorKind::not_found);
}

TEST_F(JobsRun, ShowTheirProgressWhileTheyRun) {
  std::promise<void> reported;
  std::promise<void> go_on;
  const std::string id = jobs.start("backup",
                                    [&](JobHandle& handle) -> Result<json::Value> {
                                      handle.report(0.5, "half");
                                      reported.set_value();
                                      go_on.get_future().wait();
                                      return json::Value();
                                    })
                             .value();
  reported.get_future().wait();
  EXPECT_EQ(jobs.find(id).value().progress, 0.5);
  EXPECT_EQ(jobs.find(id).value().message, "half");
  EXPECT_EQ(jobs.find(id).value().state, JobState::running);
  go_on.set_value();
  EXPECT_EQ(ended(id).state, JobState::succeeded);
}

TEST_F(JobsRun, AreLimitedInNumberAndCancelledAtTheEnd) {
  std::atomic<int> cancelled = 0;
  for (std::size_t i = 0; i < kJobsRunningMax; ++i) {
    ASSERT_TRUE(jobs.start("backup", [&](JobHandle& handle) -> Result<json::Value> {
      while (!handle.cancelled()) std::this_thread::yield();
      ++cancelled;
      return fail(ErrorKind::unavailable, "cancelled");
    }));
  }
  const auto work = [](JobHandle&) -> Result<json::Value> { return json::Value(); };
  EXPECT_EQ(jobs.start("backup", work).error().kind(), ErrorKind::limit);
  jobs.stop();
  EXPECT_EQ(cancelled, static_cast<int>(kJobsRunningMax));
  EXPECT_EQ(jobs.start("backup", work).error().kind(), ErrorKind::unavailable);
}

}  // namespace
}  // namespace bulkhead::supervisor
