#include "supervisor/backup/scheduler.h"

#include <algorithm>

#include "base/log.h"
#include "supervisor/backup/dataset_snapshots.h"

namespace bulkhead::supervisor {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds kVaultRetryPeriod = 15s;
constexpr std::chrono::milliseconds kLookPeriodMax = 60s;

}  // namespace

void BackupScheduler::start() {
  thread_ = std::thread([this] { run(); });
}

void BackupScheduler::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  stop_asked_.notify_all();
  if (thread_.joinable()) thread_.join();
}

bool BackupScheduler::wait(std::chrono::milliseconds time) {
  std::unique_lock lock(mutex_);
  return !stop_asked_.wait_for(lock, time, [&] { return stopping_.load(); });
}

Result<BackupSchedule> BackupScheduler::read_schedule() {
  BackupSchedule schedule;
  const std::shared_ptr<repository::Repository> repository = TRY(vault_.open());
  for (const ServiceConfig& service : supervisor_.estate().services) {
    std::optional<WallTime> last;
    for (const repository::Snapshot& snapshot : TRY(snapshots_of(*repository, service.name))) {
      if (has_tag(snapshot, kEvidenceTag)) continue;
      last = snapshot.time;
      supervisor_.note_snapshot(service.name, {.id = snapshot.id.to_hex(), .time = snapshot.time});
    }
    schedule.add(service.name, service.backup.every, last);
  }
  return schedule;
}

void BackupScheduler::run() {
  Result<BackupSchedule> schedule = read_schedule();
  while (!schedule) {
    if (stopping_) return;
    log::warning("The vault cannot be reached; backups wait for it",
                 {{"error", schedule.error().message()}});
    vault_.reset();
    if (!wait(kVaultRetryPeriod)) return;
    schedule = read_schedule();
  }
  while (true) {
    for (const std::string& service : schedule->take_due(supervisor_.clock().now())) {
      if (stopping_) return;
      const Result<BackupOutcome> outcome = backups_.back_up(service, nullptr, &stopping_);
      if (!outcome && outcome.error().kind() != ErrorKind::conflict && !stopping_) {
        log::error("A scheduled backup failed",
                   {{"service", service}, {"error", outcome.error().message()}});
      }
    }
    const std::optional<WallTime> next = schedule->next();
    auto time = kLookPeriodMax;
    if (next) {
      const auto until =
          std::chrono::duration_cast<std::chrono::milliseconds>(*next - supervisor_.clock().now());
      time = std::clamp(until, std::chrono::milliseconds(1), kLookPeriodMax);
    }
    if (!wait(time)) return;
  }
}

}  // namespace bulkhead::supervisor
