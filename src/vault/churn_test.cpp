#include "vault/churn.h"

#include <gtest/gtest.h>

namespace bulkhead::vault {
namespace {

using namespace std::chrono_literals;
using storage::FileType;

constexpr std::uint64_t kMiB = 1 << 20;

class ChurnTest : public testing::Test {
 protected:
  // Packs of 16 MiB, then the snapshot; the first alarm's text.
  std::optional<std::string> backup(std::uint64_t mebibytes, std::chrono::hours after = 24h) {
    at_ += after;
    std::optional<std::string> alarm;
    for (std::uint64_t left = mebibytes; left > 0; left -= std::min<std::uint64_t>(left, 16)) {
      const auto text =
          watch_.received(FileType::data, std::min<std::uint64_t>(left, 16) * kMiB, at_);
      EXPECT_FALSE(alarm && text) << "a backup alarms once";
      if (text) alarm = text;
    }
    EXPECT_FALSE(watch_.received(FileType::snapshot, 300, at_));
    return alarm;
  }

  WallTime at_{std::chrono::seconds(1'600'000'000)};
  ChurnWatch watch_{ChurnLimits{}};
};

TEST_F(ChurnTest, OrdinaryBackupsAlarmNobody) {
  EXPECT_FALSE(backup(10'000));
  for (int day = 0; day < 100; ++day) EXPECT_FALSE(backup(50 + (day % 7) * 10)) << day;
}

TEST_F(ChurnTest, ARewriteOfEverythingShowsWithinItsOwnBackup) {
  EXPECT_FALSE(backup(1'000));
  for (int day = 0; day < 2; ++day) EXPECT_FALSE(backup(5));
  for (int pack = 0; pack < 31; ++pack) {
    EXPECT_FALSE(watch_.received(FileType::data, 16 * kMiB, at_ + 24h)) << pack;
  }
  EXPECT_TRUE(watch_.received(FileType::data, 16 * kMiB, at_ + 24h));
  EXPECT_GT(watch_.new_share(), 0.5);
  EXPECT_FALSE(watch_.received(FileType::data, 16 * kMiB, at_ + 24h));
}

TEST_F(ChurnTest, AMultipleOfWhatBackupsBringAlarmsInALargeRepository) {
  EXPECT_FALSE(backup(100'000));
  for (int day = 0; day < 10; ++day) EXPECT_FALSE(backup(100));
  EXPECT_FALSE(backup(390));
  EXPECT_TRUE(backup(1600));
  EXPECT_FALSE(backup(1600)) << "by then it is what this repository does";
}

TEST_F(ChurnTest, AFloodOfManySmallBackupsWithinAnHourAlarms) {
  EXPECT_FALSE(backup(100'000));
  for (int day = 0; day < 10; ++day) EXPECT_FALSE(backup(30));
  bool alarmed = false;
  for (int i = 0; i < 10; ++i) alarmed = alarmed || backup(100, 0h).has_value();
  EXPECT_TRUE(alarmed);
}

TEST_F(ChurnTest, SmallAmountsAlarmNobodyWhateverTheirShare) {
  EXPECT_FALSE(backup(1));
  for (int day = 0; day < 10; ++day) {
    at_ += 24h;
    EXPECT_FALSE(watch_.received(FileType::data, kChurnSizeFloor - 1, at_)) << day;
    EXPECT_FALSE(watch_.received(FileType::snapshot, 300, at_));
  }
}

TEST_F(ChurnTest, ARepositoryThatIsBeingFilledAlarmsNobodyOnItsFirstDay) {
  EXPECT_FALSE(backup(1));
  for (int host = 0; host < 6; ++host) EXPECT_FALSE(backup(8, 1h)) << host;
}

TEST_F(ChurnTest, ARewriteOfASmallRepositoryShows) {
  EXPECT_FALSE(backup(20));
  for (int day = 0; day < 3; ++day) {
    at_ += 24h;
    EXPECT_FALSE(watch_.received(FileType::data, kMiB / 8, at_));
    EXPECT_FALSE(watch_.received(FileType::snapshot, 300, at_));
  }
  EXPECT_TRUE(backup(20));
}

// Whoever has the client writes snapshots when it pleases them.
TEST_F(ChurnTest, SnapshotsBetweenThePacksHideNoRate) {
  EXPECT_FALSE(backup(1'000));
  for (int day = 0; day < 10; ++day) EXPECT_FALSE(backup(5));
  int alarms = 0;
  for (int i = 0; i < 40; ++i) alarms += backup(16, i == 0 ? 24h : 0h).has_value() ? 1 : 0;
  EXPECT_EQ(alarms, 1);
}

TEST_F(ChurnTest, SnapshotsBetweenThePacksHideNoRewrite) {
  EXPECT_FALSE(backup(1'000));
  at_ += 24h;
  int alarms = 0;
  for (int i = 0; i < 40; ++i) alarms += backup(16, i % 10 == 0 ? 1h : 0h).has_value() ? 1 : 0;
  EXPECT_EQ(alarms, 1) << "before anything is known of what is ordinary";
  for (int i = 0; i < 40; ++i) alarms += backup(16, 0h).has_value() ? 1 : 0;
  EXPECT_EQ(alarms, 1) << "and once a day";
}

}  // namespace
}  // namespace bulkhead::vault
