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

class ChurnWatch {
 public:
  explicit ChurnWatch(ChurnLimits limits) : limits_(limits) {}
  // The alarm's text, where this file makes what arrived too much; once a backup.
  std::optional<std::string> received(storage::FileType type, std::uint64_t size, WallTime at);

  // Of the backup that is arriving: its part of all that was there before, from 0; 1 and more where
  // it brings as much as there was.
  double new_share() const;

 private:
  std::optional<std::string> judge() const;
  void end_backup();
  void count_hour(std::uint64_t size, WallTime at);

  const ChurnLimits limits_;
  std::uint64_t before_ = 0;    // bytes of packs when the last backup ended
  std::uint64_t arriving_ = 0;  // since then
  bool alarmed_ = false;        // in this backup
  std::deque<std::uint64_t> backups_;
  std::chrono::sys_time<std::chrono::hours> hour_{};
  std::uint64_t in_hour_ = 0;
  std::deque<std::uint64_t> hours_;  // those in which something came
};

}  // namespace bulkhead::vault
