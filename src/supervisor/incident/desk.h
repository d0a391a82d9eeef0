// The incident desk: where indicators arrive, incidents open, rules seal, and every step is
// recorded before it counts. At most one incident is open at a time; what happens meanwhile belongs
// to it. Thread-safe; never calls the supervisor with its own lock held.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "supervisor/incident/incident.h"
#include "supervisor/incident/space_reserve.h"
#include "supervisor/incident/timeline.h"
#include "supervisor/supervisor.h"

namespace bulkhead::supervisor {

class IncidentDesk {
 public:
  // Reads all incidents' timelines. Kind corrupt where one is damaged, or two are open.
  static Result<std::unique_ptr<IncidentDesk>> open(Supervisor& supervisor);

  // Opens an incident or joins the open one, and seals what a rule says. What goes wrong is logged,
  // told as an alarm and kept for retry(): the reporter has nobody to tell.
  void report(const analysis::Indicator& indicator);
  // Tries again what could not be recorded or sealed, a full disk for one. To be called every now
  // and then.
  void retry();
  // By an operator: opens an incident (or joins the open one) and seals the services.
  Result<Incident> declare(const std::vector<std::string>& services, const std::string& reason);
  Result<Incident> close(const std::string& id, const std::string& reason);
  // After a restart: seals what a rule had begun to seal.
  void resume();

  std::optional<Incident> current() const;
  std::vector<Incident> all() const;  // newest first
  // By any incident, past or present: Incident::is_tainted().
  bool is_tainted(const std::string& service, WallTime begun, WallTime complete) const;
  Result<json::Value> show(const std::string& id) const;

  // To the open incident; kind conflict where `id` is not the open one.
  Result<void> append(const std::string& id, std::vector<Record> records);
  // Where the table permits; nothing happens where the incident is in that state already.
  Result<void> move_to(const std::string& id, IncidentState state, const std::string& message);

  // For Supervisor::set_exposure_observer and set_exposure_gate.
  void exposure_changed(const Supervisor::ExposureChange& change);
  Result<void> may_expose(const std::string& service, Exposure to) const;
  Path folder_of(const std::string& id) const { return supervisor_.layout().incidents() / id; }

 private:
  explicit IncidentDesk(Supervisor& supervisor)
      : supervisor_(supervisor), reserve_(supervisor.layout().reserved_space()) {}

  struct Case {
    Incident incident;
    Timeline timeline;
  };
  // These want mutex_ held.
  Result<Case*> open_case(const std::string& reason, const std::vector<std::string>& services);
  Result<void> append_to(Case& open, std::vector<Record> records);
  Record state_record(IncidentState to, const std::string& message) const;
  Case* open_one();
  const Case* open_one() const;
  std::string next_id() const;

  // An indicator whose consequences are not all there yet.
  struct Unfinished {
    analysis::Indicator indicator;
    bool is_recorded = false;
    std::vector<std::string> to_seal;
    std::string why;
  };
  Result<std::vector<std::string>> take_in(const analysis::Indicator& indicator);
  // Seals whether it can be recorded or not: a full disk must not keep a service open.
  Result<void> contain(Unfinished& work);
  Result<std::string> record_declaration(const std::vector<std::string>& services,
                                         const std::string& reason);
  // Says of what is unfinished, to the officer on duty.
  void raise_alarm();
  void publish(const std::string& id);
  void show_recent();

  Supervisor& supervisor_;
  mutable std::mutex mutex_;
  std::map<std::string, Case> cases_;  // by id; under mutex_
  // The indicator that a seal under way answers, by service: from its record to the seal's.
  std::map<std::string, WallTime> seal_causes_;   // under mutex_
  std::map<std::string, std::size_t> published_;  // records handed to the supervisor; under mutex_
  std::vector<Unfinished> unfinished_;            // under mutex_
  SpaceReserve reserve_;                          // under mutex_
};

}  // namespace bulkhead::supervisor
