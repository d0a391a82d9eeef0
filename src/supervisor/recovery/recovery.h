// Carries a recovery plan out: one step after the other, each recorded when it starts and when it
// ends. Stopped at any point, by kill -9 too, it goes on where it was when it is run again. One
// recovery runs at a time.
#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "supervisor/jobs/jobs.h"
#include "supervisor/recovery/data_steps.h"
#include "supervisor/recovery/outside_probe.h"
#include "supervisor/recovery/plan.h"

namespace bulkhead::supervisor {

class Recovery {
 public:
  struct Outside {
    // Puts a restored generation under watch, before anything runs on it.
    std::function<Result<void>(const std::string& service, const std::string& generation)>
        watch_clean_room;
    // Reports what has happened to the service's data until now, before it returns.
    std::function<void(const std::string& service)> look;
    // The generation is now the one in use: the same watch goes on, those on others end.
    std::function<Result<void>(const std::string& service, const std::string& generation)>
        watch_promoted;
    // Asks the gateway for a page as a visitor with that pass: OutsideProbe::need_page().
    std::function<Result<ProbeResult>(const std::string& host, const std::string& pass)> ask_page;
  };

  Recovery(Supervisor& supervisor, IncidentDesk& desk, Backups& backups, VaultConnection& vault,
           Outside outside)
      : supervisor_(supervisor),
        desk_(desk),
        data_(supervisor, desk, backups, vault),
        outside_(std::move(outside)) {}

  // Brings the services back to `expose`; empty: all of the incident's. Answers what was done.
  Result<json::Value> run(const std::string& incident, const std::vector<std::string>& services,
                          Exposure expose, JobHandle& job);
  bool is_running() const { return is_running_; }
  // The first step alone, at once after a seal: the evidence is then safe whatever comes.
  Result<void> preserve(const std::string& incident, const std::vector<std::string>& services,
                        JobHandle& job);

 private:
  Result<void> take(const std::string& service, Step step, JobHandle& job);
  Result<StepOutcome> perform(const Incident& incident, const std::string& service, Step step,
                              JobHandle& job);
  Result<StepOutcome> start_clean_room(const Incident& incident, const std::string& service);
  Result<StepOutcome> ask_service(const std::string& service, std::string_view instance,
                                  const std::string& path, std::string_view what);
  Result<StepOutcome> probe_clean_room(const std::string& service);
  Result<StepOutcome> promote(const std::string& service);
  // Kind conflict where what was verified has changed since; the clean room is then ended.
  Result<void> expect_untouched(const std::string& service);
  Result<StepOutcome> open(const std::string& service, Exposure to);
  Result<Incident> need(const std::string& incident) const;
  // "cleanroom" or "current": where the service is checked now.
  Result<std::string_view> checked_instance(const Incident& incident, const std::string& service);
  Result<void> revive_clean_room(const PlannedService& planned, JobHandle& job);

  Supervisor& supervisor_;
  IncidentDesk& desk_;
  DataSteps data_;
  const Outside outside_;
  std::atomic<bool> is_running_ = false;  // a recovery, as opposed to keeping evidence
  std::mutex working_;
};

}  // namespace bulkhead::supervisor
