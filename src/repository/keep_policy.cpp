#include "repository/keep_policy.h"

#include <algorithm>
#include <array>
#include <map>
#include <tuple>

#include <fmt/format.h>

#include "base/text.h"

namespace bulkhead::repository {
namespace {

constexpr int kSpanPartMax = 100'000;

using Days = std::chrono::sys_days;

std::int64_t hour_of(WallTime time) {
  return std::chrono::floor<std::chrono::hours>(time).time_since_epoch().count();
}
std::int64_t day_of(WallTime time) {
  return std::chrono::floor<std::chrono::days>(time).time_since_epoch().count();
}
// Weeks of ISO 8601 begin on Mondays; the first of January 1970 was a Thursday.
std::int64_t week_of(WallTime time) {
  const std::int64_t since_monday = day_of(time) + 3;
  return since_monday >= 0 ? since_monday / 7 : (since_monday - 6) / 7;
}
std::int64_t year_of(WallTime time) {
  return static_cast<int>(
      std::chrono::year_month_day(std::chrono::floor<std::chrono::days>(time)).year());
}
std::int64_t month_of(WallTime time) {
  const std::chrono::year_month_day date(std::chrono::floor<std::chrono::days>(time));
  return year_of(time) * 12 + static_cast<unsigned>(date.month());
}

// One rule of a policy while it looks at snapshots from the newest to the oldest: the first of each
// slot is kept, as long as there are slots left.
struct SlotRule {
  std::string reason;
  std::int64_t (*slot)(WallTime);        // nullptr: each snapshot is a slot of its own
  std::int64_t left;                     // kKeepAll: no limit
  std::optional<WallTime> not_before{};  // kept where it is after this
  std::optional<std::int64_t> taken{};

  bool keeps(WallTime time) {
    if (left == 0 || (not_before && time <= *not_before)) return false;
    if (slot != nullptr) {
      const std::int64_t wanted = slot(time);
      if (taken == wanted) return false;
      taken = wanted;
    }
    if (left > 0) --left;
    return true;
  }
};

std::vector<SlotRule> rules_of(const KeepPolicy& policy, WallTime newest) {
  std::vector<SlotRule> rules = {
      {"last snapshot", nullptr, policy.last},        {"hourly snapshot", hour_of, policy.hourly},
      {"daily snapshot", day_of, policy.daily},       {"weekly snapshot", week_of, policy.weekly},
      {"monthly snapshot", month_of, policy.monthly}, {"yearly snapshot", year_of, policy.yearly}};
  const auto add_within = [&](const char* name, std::int64_t (*slot)(WallTime),
                              const CalendarSpan& span) {
    if (span.empty()) return;
    rules.push_back({name + to_text(span), slot, kKeepAll, before(newest, span)});
  };
  add_within("within ", nullptr, policy.within);
  add_within("hourly within ", hour_of, policy.within_hourly);
  add_within("daily within ", day_of, policy.within_daily);
  add_within("weekly within ", week_of, policy.within_weekly);
  add_within("monthly within ", month_of, policy.within_monthly);
  add_within("yearly within ", year_of, policy.within_yearly);
  return rules;
}

bool has_all(const Snapshot& snapshot, const std::vector<std::string>& tags) {
  return std::ranges::all_of(tags, [&](const std::string& tag) {
    return std::ranges::find(snapshot.tags, tag) != snapshot.tags.end();
  });
}

// Those that may displace each other, newest first.
void judge(std::vector<KeepDecision*>& peers, const KeepPolicy& policy) {
  std::vector<SlotRule> rules = rules_of(policy, peers.front()->stored.snapshot.time);
  for (KeepDecision* decision : peers) {
    const Snapshot& snapshot = decision->stored.snapshot;
    for (const auto& tags : policy.tags) {
      if (!has_all(snapshot, tags)) continue;
      decision->reasons.push_back(fmt::format("has tags [{}]", fmt::join(tags, ", ")));
    }
    for (SlotRule& rule : rules) {
      if (rule.keeps(snapshot.time)) decision->reasons.push_back(rule.reason);
    }
    decision->keep = !decision->reasons.empty();
  }
}

bool agrees(const StoredSnapshot& stored, const KeepOptions& options) {
  if (options.claimed_times == ClaimedTimes::trust) return true;
  const WallTime claimed = stored.snapshot.time;
  if (claimed > stored.received.value_or(options.now) + options.ahead_max) return false;
  return !stored.received || claimed >= *stored.received - options.behind_max;
}

}  // namespace

Result<CalendarSpan> parse_calendar_span(std::string_view text) {
  const std::string whole(text);
  CalendarSpan span;
  const auto wrong = [&] {
    return fail(ErrorKind::invalid,
                fmt::format("\"{}\" is no span of time; write it as 1y5m7d2h", whole));
  };
  while (!text.empty()) {
    int number = 0;
    std::size_t digits = 0;
    while (digits < text.size() && text[digits] >= '0' && text[digits] <= '9') {
      number = number * 10 + (text[digits++] - '0');
      if (number > kSpanPartMax) return wrong();
    }
    if (digits == 0 || digits == text.size()) return wrong();
    switch (text[digits]) {
      case 'y': span.years = number; break;
      case 'm': span.months = number; break;
      case 'd': span.days = number; break;
      case 'h': span.hours = number; break;
      default: return wrong();
    }
    text.remove_prefix(digits + 1);
  }
  return span;
}

std::string to_text(const CalendarSpan& span) {
  std::string text;
  constexpr std::array<std::pair<int CalendarSpan::*, char>, 4> kParts = {
      {{&CalendarSpan::years, 'y'},
       {&CalendarSpan::months, 'm'},
       {&CalendarSpan::days, 'd'},
       {&CalendarSpan::hours, 'h'}}};
  for (const auto& [part, letter] : kParts) {
    if (span.*part != 0) text += fmt::format("{}{}", span.*part, letter);
  }
  return text;
}

// A day that a month lacks runs over into the next, as Go's AddDate does.
WallTime before(WallTime time, const CalendarSpan& span) {
  const auto midnight = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(midnight);
  const std::chrono::year_month month = date.year() / date.month() -
                                        std::chrono::years(span.years) -
                                        std::chrono::months(span.months);
  const Days first(month / std::chrono::day(1));
  const Days day = first + std::chrono::days(static_cast<unsigned>(date.day()) - 1) -
                   std::chrono::days(span.days);
  // What 64-bit nanoseconds cannot say is before everything.
  if (day < Days(std::chrono::year(1700) / 1 / 1)) return WallTime::min();
  return WallTime(day) + (time - midnight) - std::chrono::hours(span.hours);
}

bool KeepPolicy::empty() const {
  return last == 0 && hourly == 0 && daily == 0 && weekly == 0 && monthly == 0 && yearly == 0 &&
         within.empty() && within_hourly.empty() && within_daily.empty() && within_weekly.empty() &&
         within_monthly.empty() && within_yearly.empty() && tags.empty();
}

std::vector<KeepDecision> apply_policy(std::vector<StoredSnapshot> snapshots,
                                       const KeepOptions& options) {
  std::ranges::sort(snapshots, [](const StoredSnapshot& a, const StoredSnapshot& b) {
    return std::tie(a.snapshot.time, a.snapshot.id) > std::tie(b.snapshot.time, b.snapshot.id);
  });
  std::vector<KeepDecision> decisions;
  decisions.reserve(snapshots.size());
  for (StoredSnapshot& stored : snapshots) decisions.push_back({.stored = std::move(stored)});
  if (options.policy.empty()) {
    for (KeepDecision& decision : decisions) {
      decision.keep = true;
      decision.reasons.emplace_back("no policy");
    }
    return decisions;
  }
  // By the day of receipt; those that agree with theirs stand together under no day.
  std::map<std::optional<std::int64_t>, std::vector<KeepDecision*>> peers;
  for (KeepDecision& decision : decisions) {
    decision.set_apart = !agrees(decision.stored, options);
    std::optional<std::int64_t> day;
    if (decision.set_apart) day = day_of(decision.stored.received.value_or(WallTime::min()));
    peers[day].push_back(&decision);
  }
  for (auto& [day, group] : peers) judge(group, options.policy);
  return decisions;
}

Result<Grouping> parse_grouping(std::string_view text) {
  Grouping grouping{.host = false, .paths = false, .tags = false};
  for (const std::string_view given : split(text, ',')) {
    const std::string_view word = trim(given);
    if (word.empty()) continue;
    if (word == "host") grouping.host = true;
    else if (word == "paths" || word == "path") grouping.paths = true;
    else if (word == "tags" || word == "tag") grouping.tags = true;
    else {
      return fail(
          ErrorKind::invalid,
          fmt::format("snapshots are grouped by host, paths and tags, not by \"{}\"", word));
    }
  }
  return grouping;
}

std::vector<SnapshotGroup> group_snapshots(std::vector<StoredSnapshot> snapshots,
                                           const Grouping& grouping) {
  using Key = std::tuple<std::string, std::vector<std::string>, std::vector<std::string>>;
  std::map<Key, SnapshotGroup> groups;
  for (StoredSnapshot& stored : snapshots) {
    const Snapshot& snapshot = stored.snapshot;
    Key key;
    auto& [host, paths, tags] = key;
    if (grouping.host) host = snapshot.hostname;
    if (grouping.paths) paths = snapshot.paths;
    if (grouping.tags) tags = snapshot.tags;
    std::ranges::sort(paths);
    std::ranges::sort(tags);
    SnapshotGroup& group = groups[key];
    std::tie(group.host, group.paths, group.tags) = key;
    group.snapshots.push_back(std::move(stored));
  }
  std::vector<SnapshotGroup> out;
  for (auto& [key, group] : groups) out.push_back(std::move(group));
  return out;
}

}  // namespace bulkhead::repository
