#include "repository/keep_policy.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace bulkhead::repository {
namespace {

using std::chrono::hours;

WallTime at(std::string_view text) { return from_rfc3339(text).value(); }
WallTime day(int number) { return at("2026-01-01T12:00:00Z") + hours(24 * number); }

StoredSnapshot snapshot(WallTime claimed, std::optional<WallTime> received,
                        std::vector<std::string> tags = {}) {
  static std::uint32_t serial = 0;
  Snapshot made;
  made.time = claimed;
  made.hostname = "london";
  made.paths = {"/srv"};
  made.tags = std::move(tags);
  made.id = SnapshotId::of(as_bytes(std::to_string(++serial)));
  return {made, received};
}
StoredSnapshot honest(WallTime time) { return snapshot(time, time + std::chrono::minutes(5)); }

std::vector<WallTime> kept(const std::vector<KeepDecision>& decisions) {
  std::vector<WallTime> times;
  for (const KeepDecision& decision : decisions) {
    if (decision.keep) times.push_back(decision.stored.snapshot.time);
  }
  return times;
}

std::vector<StoredSnapshot> honest_days(int count) {
  std::vector<StoredSnapshot> snapshots;
  for (int i = 0; i < count; ++i) snapshots.push_back(honest(day(i)));
  return snapshots;
}

TEST(KeepPolicy, KeepsTheNewestOfEachSlot) {
  std::vector<StoredSnapshot> snapshots = honest_days(10);
  snapshots.push_back(honest(day(9) + hours(2)));
  const auto decisions = apply_policy(snapshots, {.policy = {.daily = 3}, .now = day(10)});
  EXPECT_EQ(kept(decisions), (std::vector{day(9) + hours(2), day(8), day(7)}));
  EXPECT_EQ(decisions.front().reasons, std::vector<std::string>{"daily snapshot"});
}

TEST(KeepPolicy, WeeksBeginOnMonday) {
  const auto sunday = honest(at("2026-01-04T23:00:00Z"));
  const auto monday = honest(at("2026-01-05T01:00:00Z"));
  const auto next_sunday = honest(at("2026-01-11T23:00:00Z"));
  const auto decisions =
      apply_policy({sunday, monday, next_sunday}, {.policy = {.weekly = 10}, .now = day(20)});
  EXPECT_EQ(kept(decisions), (std::vector{next_sunday.snapshot.time, sunday.snapshot.time}));
}

TEST(KeepPolicy, KeepsWithinASpanOfTheNewest) {
  KeepOptions options{.now = day(40)};
  options.policy.within = parse_calendar_span("3d1h").value();
  EXPECT_EQ(kept(apply_policy(honest_days(10), options)),
            (std::vector{day(9), day(8), day(7), day(6)}));
  options.policy.within = parse_calendar_span("3d").value();
  EXPECT_EQ(kept(apply_policy(honest_days(10), options)).size(), 3u) << "after, not at the edge";
}

TEST(KeepPolicy, KeepsTagsWithoutEnd) {
  KeepOptions options{.now = day(40)};
  options.policy.tags = {{"evidence", "website"}};
  std::vector<StoredSnapshot> snapshots = honest_days(5);
  snapshots.push_back(snapshot(day(1), day(1), {"website", "evidence"}));
  snapshots.push_back(snapshot(day(2), day(2), {"evidence"}));
  EXPECT_EQ(kept(apply_policy(snapshots, options)), std::vector{day(1)});
}

TEST(KeepPolicy, AnEmptyPolicyRemovesNothing) {
  EXPECT_EQ(kept(apply_policy(honest_days(5), {.now = day(5)})).size(), 5u);
}

TEST(KeepPolicy, KeepsAllWhereTheNumberIsUnlimited) {
  const KeepOptions options{.policy = {.last = kKeepAll}, .now = day(5)};
  EXPECT_EQ(kept(apply_policy(honest_days(5), options)).size(), 5u);
}

// Each flood pretends to hold the newest snapshot of every slot that the policy has.
TEST(KeepPolicy, FloodsOfFalseTimesDisplaceNothing) {
  KeepOptions options{.policy = {.last = 3, .hourly = 24, .daily = 7, .weekly = 5, .monthly = 12},
                      .now = day(100)};
  const std::vector<StoredSnapshot> genuine = honest_days(100);
  const auto wanted = kept(apply_policy(genuine, options));
  ASSERT_GE(wanted.size(), 10u);
  for (const bool future : {false, true}) {
    std::vector<StoredSnapshot> flooded = genuine;
    for (int i = 0; i < 2000; ++i) {
      const WallTime claimed = future ? day(101) + hours(13 * i)
                                      : day(100) - hours(i) - std::chrono::seconds(1) - hours(13);
      flooded.push_back(snapshot(claimed, day(100)));
    }
    const auto decisions = apply_policy(flooded, options);
    for (const KeepDecision& decision : decisions) {
      const bool is_genuine = decision.stored.received != day(100);
      if (!is_genuine) {
        EXPECT_TRUE(decision.set_apart);
      } else {
        EXPECT_EQ(decision.keep,
                  std::ranges::find(wanted, decision.stored.snapshot.time) != wanted.end());
      }
    }
  }
}

TEST(KeepPolicy, AFutureSnapshotDoesNotMoveTheSpanOfTheNewest) {
  KeepOptions options{.now = day(10)};
  options.policy.within = parse_calendar_span("5d").value();
  std::vector<StoredSnapshot> snapshots = honest_days(10);
  snapshots.push_back(snapshot(day(4000), day(9)));
  EXPECT_EQ(kept(apply_policy(snapshots, options)).size(), 6u) << "five days, and the odd one";
}

TEST(KeepPolicy, HistoryThatWasCopiedIsJudgedAmongItself) {
  std::vector<StoredSnapshot> snapshots;
  for (int i = 0; i < 30; ++i) snapshots.push_back(snapshot(day(i), day(200)));
  for (int i = 0; i < 300; ++i) snapshots.push_back(snapshot(day(i), day(201)));  // a later flood
  const KeepOptions options{.policy = {.daily = 7}, .now = day(202)};
  std::size_t copied = 0;
  for (const KeepDecision& decision : apply_policy(snapshots, options)) {
    if (decision.keep && decision.stored.received == day(200)) ++copied;
  }
  EXPECT_EQ(copied, 7u);
}

TEST(KeepPolicy, TrustedTimesAreTakenAsTheyAre) {
  std::vector<StoredSnapshot> snapshots;
  for (int i = 0; i < 30; ++i) snapshots.push_back(snapshot(day(i), day(200 + i)));
  KeepOptions options{.policy = {.daily = 7}, .now = day(240)};
  EXPECT_EQ(kept(apply_policy(snapshots, options)).size(), 30u) << "each received on another day";
  options.claimed_times = ClaimedTimes::trust;
  EXPECT_EQ(kept(apply_policy(snapshots, options)).size(), 7u);
}

TEST(KeepPolicy, WithoutReceiptsTheFutureIsStillSetApart) {
  std::vector<StoredSnapshot> snapshots = {snapshot(day(1), std::nullopt),
                                           snapshot(day(400), std::nullopt)};
  const auto decisions = apply_policy(snapshots, {.policy = {.last = 1}, .now = day(2)});
  EXPECT_EQ(kept(decisions).size(), 2u);
  EXPECT_TRUE(decisions.front().set_apart);
  EXPECT_FALSE(decisions.back().set_apart);
}

TEST(KeepPolicy, SpansCountBackInTheCalendar) {
  const auto back = [](std::string_view from, std::string_view span) {
    return to_rfc3339(before(at(from), parse_calendar_span(span).value()));
  };
  EXPECT_EQ(back("2026-03-31T10:00:00Z", "1m"), "2026-03-03T10:00:00Z") << "as Go counts";
  EXPECT_EQ(back("2024-02-29T10:00:00Z", "1y"), "2023-03-01T10:00:00Z");
  EXPECT_EQ(back("2026-01-01T10:00:00Z", "1y2m3d4h"), "2024-10-29T06:00:00Z");
  EXPECT_EQ(to_text(parse_calendar_span("2h1y").value()), "1y2h");
  for (const char* wrong : {"1", "d", "1w", "-1d", "1d2", "999999d", "1 d"}) {
    EXPECT_FALSE(parse_calendar_span(wrong)) << wrong;
  }
  EXPECT_EQ(before(at("2026-01-01T00:00:00Z"), parse_calendar_span("9000y").value()),
            WallTime::min());
}

TEST(KeepPolicy, GroupsAsAsked) {
  std::vector<StoredSnapshot> snapshots = honest_days(2);
  snapshots.push_back(snapshot(day(3), day(3), {"a"}));
  snapshots.back().snapshot.hostname = "geneva";
  EXPECT_EQ(group_snapshots(snapshots, parse_grouping("host,paths").value()).size(), 2u);
  EXPECT_EQ(group_snapshots(snapshots, parse_grouping("").value()).size(), 1u);
  EXPECT_EQ(group_snapshots(snapshots, parse_grouping("paths").value()).size(), 1u);
  EXPECT_EQ(group_snapshots(snapshots, parse_grouping("tags").value()).size(), 2u);
  EXPECT_FALSE(parse_grouping("hosts"));
}

}  // namespace
}  // namespace bulkhead::repository
