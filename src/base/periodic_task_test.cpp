#include "base/periodic_task.h"

#include <atomic>
#include <latch>

#include <gtest/gtest.h>

namespace bulkhead {
namespace {

using namespace std::chrono_literals;

TEST(PeriodicTask, WorksAgainEachPeriod) {
  std::latch worked(3);
  std::atomic<int> count = 0;
  const PeriodicTask task("periodic", 1ms, [&] {
    if (++count <= 3) worked.count_down();
  });
  worked.wait();
  EXPECT_GE(count, 3);
}

TEST(PeriodicTask, EndsWithoutWorkThatNobodyAskedFor) {
  std::atomic<int> count = 0;
  {
    const PeriodicTask task("periodic", 1h, [&] { ++count; });
  }
  EXPECT_EQ(count, 0);
}

TEST(PeriodicTask, DoesWhatItWasWokenForBeforeItEnds) {
  std::atomic<int> count = 0;
  {
    PeriodicTask task("periodic", 1h, [&] { ++count; });
    task.wake();
  }
  EXPECT_EQ(count, 1);
}

TEST(PeriodicTask, AWakeDuringTheWorkBringsItOnceMore) {
  std::atomic<int> count = 0;
  std::latch begun(1);
  std::latch woken(1);
  {
    PeriodicTask task("periodic", 1h, [&] {
      if (++count > 1) return;
      begun.count_down();
      woken.wait();
    });
    task.wake();
    begun.wait();
    task.wake();
    task.wake();
    woken.count_down();
  }
  EXPECT_EQ(count, 2);
}

}  // namespace
}  // namespace bulkhead
