#include <algorithm>

#include <gtest/gtest.h>

#include "analysis/canary.h"
#include "analysis/clean_point.h"
#include "analysis/mass_change.h"
#include "analysis/ransom_sign.h"
#include "base/random.h"

namespace bulkhead::analysis {
namespace {

using namespace std::chrono_literals;

const WallTime kStart = from_rfc3339("2020-09-30T06:00:00Z").value();

class MassChange : public ::testing::Test {
 protected:
  ManualClock clock{kStart};
  MassChangeDetector detector{
      "website", {.window = 10s, .illegible_max = 2, .rewritten_max = 5, .removed_max = 4}, clock};

  std::optional<Indicator> observe(ChangeKind kind, int number) {
    return detector.observe({kind, "file-" + std::to_string(number)});
  }
};

TEST_F(MassChange, OneIllegibleFileMoreThanAllowedIsAnEntropyJump) {
  EXPECT_FALSE(observe(ChangeKind::made_illegible, 1));
  EXPECT_FALSE(observe(ChangeKind::made_illegible, 2));
  const auto indicator = observe(ChangeKind::made_illegible, 3);
  ASSERT_TRUE(indicator);
  EXPECT_EQ(indicator->kind, IndicatorKind::entropy_jump);
  EXPECT_EQ(indicator->service, "website");
  EXPECT_EQ(indicator->path, "file-3");
  EXPECT_EQ(indicator->time, kStart);
}

TEST_F(MassChange, TheSameFileAgainAndAgainIsOneFile) {
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(observe(ChangeKind::rewritten, 1));
}

TEST_F(MassChange, SlowChangesNeverAddUp) {
  for (int i = 0; i < 100; ++i) {
    EXPECT_FALSE(observe(ChangeKind::rewritten, i));
    clock.advance(3s);
  }
}

TEST_F(MassChange, FastChangesAndRemovalsDo) {
  for (int i = 0; i < 5; ++i) EXPECT_FALSE(observe(ChangeKind::rewritten, i));
  EXPECT_EQ(observe(ChangeKind::rewritten, 5)->kind, IndicatorKind::mass_change);
  clock.advance(11s);
  for (int i = 0; i < 4; ++i) EXPECT_FALSE(observe(ChangeKind::removed, i));
  EXPECT_EQ(observe(ChangeKind::removed, 4)->kind, IndicatorKind::mass_change);
}

TEST_F(MassChange, IsSaidOncePerStormAndAgainAfterQuiet) {
  for (int i = 0; i < 5; ++i) observe(ChangeKind::rewritten, i);
  EXPECT_TRUE(observe(ChangeKind::rewritten, 5));
  EXPECT_FALSE(observe(ChangeKind::rewritten, 6));
  clock.advance(1min);
  for (int i = 0; i < 5; ++i) EXPECT_FALSE(observe(ChangeKind::rewritten, i));
  EXPECT_TRUE(observe(ChangeKind::rewritten, 5));
}

Indicator indicator_at(WallTime time) {
  return {.kind = IndicatorKind::canary_touched,
          .service = "website",
          .path = "c",
          .time = time,
          .explanation = "changed"};
}

TEST(CleanPoint, IsTheNewestBeforeTheFirstIndicatorWhateverTheOrder) {
  std::vector<SnapshotPoint> snapshots = {
      {"a", kStart}, {"b", kStart + 1h}, {"c", kStart + 2h}, {"d", kStart + 3h}};
  std::vector<Indicator> indicators = {indicator_at(kStart + 150min), indicator_at(kStart + 90min)};
  do {
    const auto point = choose_clean_point(snapshots, indicators);
    ASSERT_TRUE(point);
    EXPECT_EQ(point->snapshot.id, "b");
    ASSERT_EQ(point->passed_over.size(), 2u);
    EXPECT_EQ(point->passed_over.front().id, "d");
  } while (std::ranges::next_permutation(snapshots, {}, &SnapshotPoint::id).found);
}

TEST(CleanPoint, SnapshotAtTheIndicatorsMomentIsNotClean) {
  const std::vector<SnapshotPoint> snapshots = {{"a", kStart}, {"b", kStart + 1h}};
  EXPECT_EQ(choose_clean_point(snapshots, std::vector{indicator_at(kStart + 1h)})->snapshot.id,
            "a");
  EXPECT_FALSE(choose_clean_point(snapshots, std::vector{indicator_at(kStart)}));
}

TEST(CleanPoint, SnapshotThatWasStillBeingReadAtTheIndicatorIsNotClean) {
  const std::vector<SnapshotPoint> snapshots = {{"a", kStart, false, kStart + 5min},
                                                {"b", kStart + 1h, false, kStart + 65min}};
  const auto point = choose_clean_point(snapshots, std::vector{indicator_at(kStart + 62min)});
  EXPECT_EQ(point->snapshot.id, "a");
  EXPECT_EQ(choose_clean_point(snapshots, std::vector{indicator_at(kStart + 66min)})->snapshot.id,
            "b");
}

TEST(CleanPoint, EvidenceCountsOnlyForAServiceWithoutIndicators) {
  const std::vector<SnapshotPoint> snapshots = {{"a", kStart}, {"e", kStart + 1h, true}};
  EXPECT_EQ(choose_clean_point(snapshots, {})->snapshot.id, "e");
  EXPECT_EQ(choose_clean_point(snapshots, std::vector{indicator_at(kStart + 2h)})->snapshot.id,
            "a");
}

TEST(CleanPoint, WithoutSnapshotsThereIsNone) { EXPECT_FALSE(choose_clean_point({}, {})); }

TEST(RansomSign, KnownEndingsAndNotesAreSignsAndOrdinaryNamesAreNot) {
  for (const char* name : {"pages/about.md.locked", "A/B.LOCKBIT", "HOW_TO_DECRYPT.txt",
                           "docs/restore-my-files.html", "HOW-TO-RECOVER-YOUR-FILES.txt"}) {
    EXPECT_TRUE(ransom_sign_in_name(name)) << name;
  }
  for (const char* name : {"locked", "pages/encrypted-mail-policy.md", "ransomware-guidance.pdf",
                           "unlocked.txt", ""}) {
    EXPECT_FALSE(ransom_sign_in_name(name)) << name;
  }
}

TEST(Canary, ContentIsTheSameForTheSameSeedServiceAndNameOnly) {
  const std::string content = canary_content("seed", "website", "codes.csv");
  EXPECT_EQ(content, canary_content("seed", "website", "codes.csv"));
  EXPECT_NE(content, canary_content("other", "website", "codes.csv"));
  EXPECT_NE(content, canary_content("seed", "gisis", "codes.csv"));
  EXPECT_NE(content, canary_content("seed", "website", "keys.csv"));
}

TEST(Indicator, GoesThroughJsonAndBack) {
  const Indicator indicator = indicator_at(kStart + 123456789ns);
  EXPECT_EQ(indicator_from_json(json::parse(json::write(to_json(indicator))).value()).value(),
            indicator);
  EXPECT_FALSE(indicator_from_json(json::Object{{"kind", "sneeze"}}));
}

}  // namespace
}  // namespace bulkhead::analysis
