// Whether what arrives is out of the ordinary for its repository: known without any key, from sizes
// and times alone. An attack that rewrites what is backed up makes the next backup bring far more
// new packs than those before it, since nothing rewritten is found among what is stored. Pure: fed
// with receipts, in their order. Not thread-safe.
#pragma once

#include <deque>
#include <optional>
#include <string>

#include "base/clock.h"
#include "storage/backend.h"
#include "vault/configuration.h"

namespace bulkhead::vault {

// Backups that are looked back on, and hours.
inline constexpr std::size_t kChurnBackups = 30;
inline constexpr std::size_t kChurnHours = 24 * 30;
// Before so many backups nothing is known of what is ordinary but the size of the repository.
inline constexpr std::size_t kChurnBackupsMin = 3;
// A repository that is older than its first day is small enough for less than `size_min` to be
// much: so much at least, and a twentieth of what it holds.
inline constexpr std::uint64_t kChurnSizeFloor = 1u << 20;

class ChurnWatch {
 public:
  explicit ChurnWatch(ChurnLimits limits) : limits_(limits) {}
  // The alarm's text, where this file makes what arrived too much; once a backup.
  std::optional<std::string> received(storage::FileType type, std::uint64_t size, WallTime at);

  // Of the backup that is arriving: its part of all that was there before, from 0; 1 and more where
  // it brings as much as there was.
  double new_share() const;

 private:
  using Hour = std::chrono::sys_time<std::chrono::hours>;
  struct HourSum {
    Hour hour;
    std::uint64_t bytes;
  };
  // By what came since the last snapshot; and, since whoever writes snapshots says when that is, by
  // what came within an hour or a day.
  std::optional<std::string> judge_backup(WallTime at) const;
  std::optional<std::string> judge_rate(WallTime at) const;
  bool is_first_day(WallTime at) const;
  std::uint64_t least_at(WallTime at) const;
  void end_backup(WallTime at);
  void count_hour(std::uint64_t size, WallTime at);

  const ChurnLimits limits_;
  std::uint64_t before_ = 0;    // bytes of packs when the last backup ended
  std::uint64_t arriving_ = 0;  // since then
  bool alarmed_ = false;        // in this backup
  std::optional<WallTime> first_ended_;
  std::optional<WallTime> rate_alarmed_;
  std::deque<std::uint64_t> backups_;
  std::uint64_t in_hour_ = 0;
  std::deque<std::uint64_t> hours_;  // those in which something came, but the last
  std::deque<HourSum> day_;          // the last day's, and its last is the one that runs
};

}  // namespace bulkhead::vault
