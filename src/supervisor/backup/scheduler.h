// Runs the backups that are due, one after the other, from a thread of its own.
#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "supervisor/backup/backup.h"
#include "supervisor/backup/schedule.h"

namespace bulkhead::supervisor {

class BackupScheduler {
 public:
  BackupScheduler(Supervisor& supervisor, Backups& backups, VaultConnection& vault)
      : supervisor_(supervisor), backups_(backups), vault_(vault) {}
  ~BackupScheduler() { stop(); }
  void start();
  // A backup under way is cancelled; it leaves no snapshot.
  void stop();

 private:
  void run();
  // What the vault holds already says when each dataset is due, also after a restart.
  Result<BackupSchedule> read_schedule();
  // False when it is time to stop.
  bool wait(std::chrono::milliseconds time);

  Supervisor& supervisor_;
  Backups& backups_;
  VaultConnection& vault_;
  std::atomic<bool> stopping_ = false;
  std::mutex mutex_;
  std::condition_variable stop_asked_;
  std::thread thread_;
};

}  // namespace bulkhead::supervisor
