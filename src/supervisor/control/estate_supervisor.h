// The Supervisor that bulkheadd runs: gateway, compartments, timeline, status page, in one estate's
// folder, which must be the working directory of the process.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>

#include "base/guarded.h"
#include "base/random.h"
#include "crypto/signing_key.h"
#include "supervisor/compartments/runner.h"
#include "supervisor/control/audit_log.h"
#include "supervisor/control/estate_ledger.h"
#include "supervisor/control/event_log.h"
#include "supervisor/control/ledger_witness.h"
#include "supervisor/gateway/gateway.h"
#include "supervisor/status/status_writer.h"
#include "supervisor/supervisor.h"

namespace bulkhead::supervisor {

class EstateSupervisor final : public Supervisor {
 public:
  // Makes the folders that are missing, opens the timeline, starts the gateway. Services come with
  // start_services(). Kind conflict where another supervisor has this estate.
  static Result<std::unique_ptr<EstateSupervisor>> create(Estate estate, Path program_folder,
                                                          Clock& clock);
  ~EstateSupervisor() override;

  // In dependency order; a service whose dependency is not ready in time is started all the same.
  void start_services();
  // Waits until every service that is not sealed is ready.
  bool wait_until_ready(std::chrono::milliseconds time_max) const;
  void stop_all(std::chrono::milliseconds grace);

  const Estate& estate() const override { return estate_; }
  const Layout& layout() const override { return layout_; }
  Clock& clock() override { return clock_; }
  std::vector<ServiceStatus> services() const override;
  Result<ServiceStatus> service(std::string_view name) const override;
  Result<SealReport> seal(const std::vector<std::string>& services,
                          const std::string& reason) override;
  Result<void> set_exposure(const std::string& service, Exposure to,
                            const std::string& reason) override;
  void set_exposure_gate(ExposureGate gate) override;
  void set_exposure_observer(ExposureObserver observer) override;
  Result<void> freeze(const std::string& service) override;
  Result<void> thaw(const std::string& service) override;
  Result<json::Value> process_evidence(const std::string& service) override;
  Result<void> stop(const std::string& service) override;
  Result<void> start(const std::string& service) override;
  Result<std::string> start_clean_room(const std::string& service, const std::string& generation,
                                       std::chrono::milliseconds wait_max) override;
  Result<void> promote(const std::string& service) override;
  Result<void> end_clean_room(const std::string& service) override;
  Result<ServiceAnswer> call(const std::string& service, std::string_view instance,
                             http::Method method, const std::string& path,
                             std::chrono::milliseconds wait_max) override;
  void note_snapshot(const std::string& service, SnapshotMark mark) override;
  Event append_event(Event event) override;
  std::vector<Event> events_after(std::uint64_t number, std::size_t count_max) const override;
  void show_incident(const StatusIncident& incident) override;
  Result<std::string> issue_pass(std::string_view role, std::chrono::minutes life) override;
  void set_open_incident(const std::string& id) override;
  std::string open_incident() const;
  void set_alarm(const std::string& subject, const std::string& alarm) override;
  std::vector<std::string> alarms() const;

 private:
  EstateSupervisor(Estate estate, Path program_folder, Clock& clock);
  Result<void> prepare_folders();
  // Services are not kept down by a ledger that was damaged: that is told, loudly.
  void open_ledger();
  // Where the estate knows its vault as a witness. It is asked beside all else, and may be down.
  Result<void> begin_witness();
  Result<ServiceRunner*> runner(std::string_view service) const;
  ServiceStatus complete(ServiceStatus status, const ExposureByService& exposures) const;
  // Freezes all at once and answers when the last is frozen.
  void hold_all(const std::vector<std::string>& services);
  void note(std::string kind, const std::string& service, std::string message,
            json::Object details = {});
  // Under exposure_changes_: the place in the order in which changes are told of.
  std::uint64_t take_turn() { return turns_taken_++; }
  // Notes the change and tells the observer of it when all changes before it were told of. Every
  // turn that was taken must come here.
  void tell_in_turn(std::uint64_t turn, const ExposureChange& change,
                    const std::function<void()>& note_it);
  Result<void> ask_gate(const std::string& service, Exposure from, Exposure to);
  // Under exposure_changes_. A conflict where the service was sealed since `seals` were counted.
  Result<void> open_unless_sealed(const std::string& service, Exposure to, std::uint64_t seals);

  const Estate estate_;
  const Layout layout_;
  Clock& clock_;
  SystemRandom random_;
  RunnerContext context_;
  FileDescriptor lock_;
  std::optional<Messages> messages_;
  std::optional<crypto::SigningKey> pass_key_;
  std::unique_ptr<EstateLedger> ledger_;  // nullptr where it could not be opened
  std::unique_ptr<EventLog> events_;
  std::unique_ptr<AuditLog> audit_;
  std::map<std::string, std::unique_ptr<ServiceRunner>, std::less<>> runners_;
  std::unique_ptr<Gateway> gateway_;
  std::unique_ptr<StatusWriter> status_;
  std::mutex exposure_changes_;                 // one change of exposure at a time; guards seals_
  std::map<std::string, std::uint64_t> seals_;  // how often each service was sealed
  std::uint64_t turns_taken_ = 0;               // under exposure_changes_
  std::mutex telling_;
  std::condition_variable turn_over_;
  std::uint64_t turn_ = 0;  // whose turn it is to tell; under telling_
  Guarded<ExposureGate> gate_;
  Guarded<ExposureObserver> observer_;
  Guarded<std::map<std::string, SnapshotMark, std::less<>>> snapshots_;
  Guarded<std::string> open_incident_;
  Guarded<std::map<std::string, std::string>> alarms_;  // by subject
  std::unique_ptr<LedgerWitness> witness_;              // ends first: it notes what it finds
};

}  // namespace bulkhead::supervisor
