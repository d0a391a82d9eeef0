#include "supervisor/backup/schedule.h"

namespace bulkhead::supervisor {

void BackupSchedule::add(std::string service, std::chrono::milliseconds every,
                         std::optional<WallTime> last) {
  if (every == std::chrono::milliseconds(0)) return;
  entries_[std::move(service)] = {.every = every, .due = last ? *last + every : WallTime{}};
}

std::vector<std::string> BackupSchedule::take_due(WallTime now) {
  std::vector<std::string> due;
  for (auto& [service, entry] : entries_) {
    if (entry.due > now) continue;
    due.push_back(service);
    entry.due = now + entry.every;
  }
  return due;
}

std::optional<WallTime> BackupSchedule::next() const {
  std::optional<WallTime> first;
  for (const auto& [service, entry] : entries_) {
    if (!first || entry.due < *first) first = entry.due;
  }
  return first;
}

}  // namespace bulkhead::supervisor
