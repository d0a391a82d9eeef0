// Backs datasets up to the vault: quiesces the service, takes the snapshot of its generation in
// use, compares it with the one before, and notes the result. Snapshots of one service wait for
// each other. A sealed service is not backed up: its state is evidence, and belongs to the
// incident. Thread-safe.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "analysis/snapshot_comparison.h"
#include "supervisor/backup/vault_connection.h"
#include "supervisor/supervisor.h"

namespace bulkhead::supervisor {

struct BackupOutcome {
  std::string service;
  std::string snapshot;  // id; empty where none was made
  WallTime time;         // of the data
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;
  std::uint64_t bytes_added = 0;
  bool quiesced = false;
  std::vector<analysis::Indicator> indicators;  // from the comparison with the snapshot before
};
json::Value to_json(const BackupOutcome& outcome);

struct BackupResultRecord {
  WallTime time;
  std::optional<BackupOutcome> outcome;
  std::string error;  // where there is no outcome
};

struct EvidenceOutcome {
  repository::Snapshot snapshot;
  std::optional<repository::Snapshot> before;   // the newest of the service at work
  analysis::ListingDifference changes;          // since then
  std::vector<analysis::Indicator> indicators;  // from the comparison with it
  std::vector<std::string> made_readable;       // files and folders that bulkheadd had to open up
  std::vector<std::string> unreadable;          // not in the snapshot; they stay in the generation
};

class Backups {
 public:
  // Told of each indicator that a comparison finds.
  using Listener = std::function<void(const analysis::Indicator&)>;

  // Whether data read from `begun` to `complete` may hold what an attacker left: nothing is
  // compared with those.
  using Taint = std::function<bool(const std::string& service, WallTime begun, WallTime complete)>;

  Backups(Supervisor& supervisor, VaultConnection& vault, Listener listener, Taint is_tainted)
      : supervisor_(supervisor),
        vault_(vault),
        listener_(std::move(listener)),
        is_tainted_(std::move(is_tainted)) {}

  using Progress = std::function<void(double progress)>;
  Result<BackupOutcome> back_up(const std::string& service, const Progress& progress,
                                const std::atomic<bool>* cancel);
  // Of a frozen service, as it is, with the tags `evidence` and `incident=<id>`. What cannot be
  // read keeps nothing else from being kept: it is made readable where it is bulkheadd's own
  // user's, and named otherwise.
  Result<EvidenceOutcome> preserve(const std::string& service, const std::string& incident,
                                   const std::atomic<bool>* cancel);
  // Of the last attempt for each service, since bulkheadd started.
  std::map<std::string, BackupResultRecord> last_results() const;

 private:
  struct Taken {
    repository::Snapshot snapshot;
    std::optional<repository::Snapshot> before;
    std::vector<std::string> unreadable;
  };
  enum class Completeness { required, as_far_as_readable };
  Result<BackupOutcome> back_up_now(const ServiceStatus& status, const Progress& progress,
                                    const std::atomic<bool>* cancel);
  Result<bool> quiesce(const ServiceStatus& status);
  Result<Taken> take(const ServiceStatus& status, std::vector<std::string> tags,
                     Completeness completeness, const Progress& progress,
                     const std::atomic<bool>* cancel);
  Result<std::vector<analysis::Indicator>> compare(const ServiceStatus& status, const Taken& taken);
  std::mutex& lock_of(const std::string& service);

  Supervisor& supervisor_;
  VaultConnection& vault_;
  const Listener listener_;
  const Taint is_tainted_;
  mutable std::mutex mutex_;
  std::map<std::string, std::mutex> service_locks_;    // the map under mutex_; each for its service
  std::map<std::string, BackupResultRecord> results_;  // under mutex_
};

}  // namespace bulkhead::supervisor
