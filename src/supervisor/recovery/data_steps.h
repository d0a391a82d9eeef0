// The steps of a recovery that deal with data: each takes what the steps before it found from the
// incident, and answers what it found itself. None writes where data already is.
#pragma once

#include <atomic>
#include <functional>
#include <string>

#include "supervisor/backup/backup.h"
#include "supervisor/incident/desk.h"

namespace bulkhead::supervisor {

struct StepOutcome {
  std::string message;  // for the timeline
  json::Object facts;
};

class DataSteps {
 public:
  DataSteps(Supervisor& supervisor, IncidentDesk& desk, Backups& backups, VaultConnection& vault)
      : supervisor_(supervisor), desk_(desk), backups_(backups), vault_(vault) {}

  using Cancel = const std::atomic<bool>&;
  Result<StepOutcome> preserve(const Incident& incident, const std::string& service, Cancel cancel);
  Result<StepOutcome> choose(const Incident& incident, const std::string& service);
  Result<StepOutcome> restore(const Incident& incident, const std::string& service, Cancel cancel);
  Result<StepOutcome> verify(const Incident& incident, const std::string& service, Cancel cancel);
  Result<StepOutcome> recheck(const Incident& incident, const std::string& service, Cancel cancel);
  // Puts the databases' consistent copies in the place of those that were copied while in use.
  // Done before the service starts; doing it twice does no harm.
  Result<std::size_t> settle_databases(const Incident& incident, const std::string& service);

 private:
  Result<repository::Snapshot> chosen_snapshot(repository::Repository& repository,
                                               const AffectedService& service);
  Result<void> keep_processes(const Incident& incident, const std::string& service);

  Supervisor& supervisor_;
  IncidentDesk& desk_;
  Backups& backups_;
  VaultConnection& vault_;
};

}  // namespace bulkhead::supervisor
