// Which snapshots a policy keeps: restic's rules (so many last, hourly, daily … snapshots, those
// within a span of the newest, those with tags), with one rule more, so that nobody who can only
// add snapshots makes a policy drop those that are there (docs/decisions/0061-receive-time.md):
//
// A snapshot's time is what its writer says. It counts beside others only where it agrees with when
// the store received the snapshot. Those that do not agree are set apart, by the day on which they
// were received, and judged among themselves: they displace nothing but each other.
//
// Pure: nothing is loaded or removed here.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "repository/snapshot.h"

namespace bulkhead::repository {

// "1y5m7d2h": years, months, days and hours, counted back in the calendar (UTC).
struct CalendarSpan {
  int years = 0;
  int months = 0;
  int days = 0;
  int hours = 0;
  bool empty() const { return years == 0 && months == 0 && days == 0 && hours == 0; }
};
Result<CalendarSpan> parse_calendar_span(std::string_view text);
std::string to_text(const CalendarSpan& span);
WallTime before(WallTime time, const CalendarSpan& span);

inline constexpr std::int64_t kKeepAll = -1;

struct KeepPolicy {
  std::int64_t last = 0;
  std::int64_t hourly = 0;
  std::int64_t daily = 0;
  std::int64_t weekly = 0;
  std::int64_t monthly = 0;
  std::int64_t yearly = 0;
  CalendarSpan within;
  CalendarSpan within_hourly;
  CalendarSpan within_daily;
  CalendarSpan within_weekly;
  CalendarSpan within_monthly;
  CalendarSpan within_yearly;
  std::vector<std::vector<std::string>> tags;  // each list: all of them
  // Nothing is said about what to keep, and so all is kept.
  bool empty() const;
};

struct StoredSnapshot {
  Snapshot snapshot;
  std::optional<WallTime> received;  // where the store tells
};

enum class ClaimedTimes {
  compare_with_receipt,
  trust,  // as restic does: after a copy of old snapshots that is known to be genuine
};

struct KeepOptions {
  KeepPolicy policy;
  ClaimedTimes claimed_times = ClaimedTimes::compare_with_receipt;
  // How far a snapshot's time may lie before its receipt (the length of a backup) and after it
  // (clocks that differ).
  std::chrono::nanoseconds behind_max = std::chrono::hours(12);
  std::chrono::nanoseconds ahead_max = std::chrono::hours(1);
  WallTime now{};  // stands for the receipt where the store does not tell
};

struct KeepDecision {
  StoredSnapshot stored;
  bool keep = false;
  std::vector<std::string> reasons;  // "daily snapshot"
  bool set_apart = false;
};

// Of one group, newest first.
std::vector<KeepDecision> apply_policy(std::vector<StoredSnapshot> snapshots,
                                       const KeepOptions& options);

struct Grouping {
  bool host = true;
  bool paths = true;
  bool tags = false;
};
// "host,paths,tags" in any order and choice; "" for one group of all.
Result<Grouping> parse_grouping(std::string_view text);

struct SnapshotGroup {
  std::string host;
  std::vector<std::string> paths;
  std::vector<std::string> tags;
  std::vector<StoredSnapshot> snapshots;
};
// In the order of their names.
std::vector<SnapshotGroup> group_snapshots(std::vector<StoredSnapshot> snapshots,
                                           const Grouping& grouping);

}  // namespace bulkhead::repository
