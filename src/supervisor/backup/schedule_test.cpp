#include "supervisor/backup/schedule.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bulkhead::supervisor {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

const WallTime kStart = from_rfc3339("2020-09-30T06:00:00Z").value();

TEST(BackupSchedule, IsDueAtOnceWithoutASnapshotAndAPeriodAfterTheLastOne) {
  BackupSchedule schedule;
  schedule.add("gisis", 15min, std::nullopt);
  schedule.add("website", 15min, kStart - 5min);
  EXPECT_THAT(schedule.take_due(kStart), ElementsAre("gisis"));
  EXPECT_EQ(schedule.next(), kStart + 10min);
  EXPECT_THAT(schedule.take_due(kStart + 9min), IsEmpty());
  EXPECT_THAT(schedule.take_due(kStart + 10min), ElementsAre("website"));
  EXPECT_THAT(schedule.take_due(kStart + 15min), ElementsAre("gisis"));
}

TEST(BackupSchedule, MissedPeriodsAreMadeUpOnceAndNotOneByOne) {
  BackupSchedule schedule;
  schedule.add("gisis", 15min, kStart - 48h);
  EXPECT_THAT(schedule.take_due(kStart), ElementsAre("gisis"));
  EXPECT_THAT(schedule.take_due(kStart + 1min), IsEmpty());
}

TEST(BackupSchedule, PeriodOfZeroIsNever) {
  BackupSchedule schedule;
  schedule.add("gisis", 0ms, std::nullopt);
  EXPECT_FALSE(schedule.next());
  EXPECT_THAT(schedule.take_due(kStart), IsEmpty());
}

}  // namespace
}  // namespace bulkhead::supervisor
