// What the supervisor offers to the parts that detect, recover and report (src/supervisor/backup,
// watch, incident, recovery) and to the control API. Every method may be called from any thread;
// those that change one service wait for each other, those of different services do not. Errors
// name the service; kind not_found where there is none of that name.
//
// An instance is one run of a service's program on one generation of its dataset: the current one
// is what the gateway connects to; a clean-room instance runs beside it and is reached by operators
// only, at <service>.cleanroom.<domain>, until promote() makes it the current one.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "http/router.h"
#include "json/value.h"
#include "supervisor/estate/estate.h"
#include "supervisor/estate/layout.h"

namespace bulkhead::supervisor {

enum class ServiceState {
  stopped,   // ended on purpose, or not started yet
  starting,  // runs, has not answered /readyz yet
  ready,     // answered /readyz with 200
  unready,   // was ready, does not answer now
  waiting,   // ended by itself; started again after a back-off
  frozen,    // every process of the compartment is stopped, none has ended
};
std::string_view name_of(ServiceState state);

struct SnapshotMark {
  std::string id;
  WallTime time;
};

struct ServiceStatus {
  std::string name;
  Exposure exposure = Exposure::sealed;
  ServiceState state = ServiceState::stopped;
  WallTime since;                  // of the state
  std::uint32_t restarts = 0;      // not asked for, since the supervisor started
  std::string instance;            // current one; empty where there is none
  std::string generation;          // "g1"
  std::string cleanroom_instance;  // empty where there is none
  std::optional<SnapshotMark> last_snapshot;
  std::string problem;  // why it is not ready; empty otherwise
};

struct SealReport {
  std::vector<std::string> sealed;         // those that were not sealed before come first
  std::chrono::milliseconds gateway_ms{};  // until the gateway refused every one
  std::chrono::milliseconds seal_ms{};     // until the last compartment was frozen
};

// One line of the timeline. `kind` is a dotted verb: "exposure.changed", "service.ready",
// "indicator.canary", "incident.contained". Kept in state/events.jsonl.
struct Event {
  std::uint64_t number = 0;  // from 1, without gaps; survives a restart
  WallTime time;
  std::string kind;
  std::string service;   // empty: of the whole estate
  std::string incident;  // empty: of none
  std::string message;   // a sentence for a person, in English
  json::Object details;
};
json::Value to_json(const Event& event);

// The status page's view of an incident. Its words are prepared (status/messages/<lang>.toml), so
// that nothing has to be translated at three in the morning.
enum class StatusStep {
  investigating,  // something is wrong; we are looking
  contained,      // services were taken offline by us to prevent further damage
  identified,     // the last clean state is known
  restoring,
  verifying,     // restored; being checked before it opens
  restored,      // service X is open again
  sealed_again,  // service X was taken offline again for a security check
  resolved,      // all is open again
};
struct StatusUpdate {
  WallTime time;
  StatusStep step = StatusStep::investigating;
  std::vector<std::string> services;
};
struct StatusIncident {
  std::string id;
  WallTime opened;
  std::vector<StatusUpdate> updates;  // oldest first
};

struct ServiceAnswer {
  int status = 0;
  std::string body;
};

class Supervisor {
 public:
  virtual ~Supervisor() = default;

  virtual const Estate& estate() const = 0;
  virtual const Layout& layout() const = 0;
  virtual Clock& clock() = 0;
  virtual std::vector<ServiceStatus> services() const = 0;
  virtual Result<ServiceStatus> service(std::string_view name) const = 0;

  // Gateway first, then the compartments are frozen; clean-room instances are not touched. Sealing
  // what is sealed succeeds. It stays sealed over a restart of the supervisor.
  virtual Result<SealReport> seal(const std::vector<std::string>& services,
                                  const std::string& reason) = 0;
  // Anything but sealed thaws a frozen compartment. Asks the gate first (set_exposure_gate): kind
  // conflict with the gate's message where it refuses.
  virtual Result<void> set_exposure(const std::string& service, Exposure to,
                                    const std::string& reason) = 0;
  // Called before a service is exposed further than it is; an error keeps it as it is. None: allow.
  using ExposureGate = std::function<Result<void>(const std::string& service, Exposure to)>;
  virtual void set_exposure_gate(ExposureGate gate) = 0;

  // Called after each change of exposure, whoever asked for it (a rule, the control API, a
  // recovery), from the thread that made it, in the order in which the changes came into force. A
  // change waits until those before it were told of: an observer must not change exposures itself.
  // `seal` is there where the change was a seal, once for all of its services.
  struct ExposureChange {
    std::vector<std::string> services;
    Exposure to = Exposure::sealed;
    std::string reason;
    std::optional<SealReport> seal;
  };
  using ExposureObserver = std::function<void(const ExposureChange&)>;
  virtual void set_exposure_observer(ExposureObserver observer) = 0;

  virtual Result<void> freeze(const std::string& service) = 0;
  virtual Result<void> thaw(const std::string& service) = 0;
  // Process list and memory maps of the current instance; kind conflict unless it is frozen.
  virtual Result<json::Value> process_evidence(const std::string& service) = 0;
  // Ends the current instance for good: it is not started again until start() or promote().
  virtual Result<void> stop(const std::string& service) = 0;
  virtual Result<void> start(const std::string& service) = 0;

  // Runs the service on datasets/<service>/<generation>, beside the current instance, and waits
  // until it is ready. An earlier clean-room instance is ended first.
  virtual Result<std::string> start_clean_room(const std::string& service,
                                               const std::string& generation,
                                               std::chrono::milliseconds wait_max) = 0;
  // The clean-room instance becomes the current one in one step; the old one is ended; the
  // dataset's `current` points to the new generation. The exposure stays what it is.
  virtual Result<void> promote(const std::string& service) = 0;
  virtual Result<void> end_clean_room(const std::string& service) = 0;

  // On the instance's own socket, not through the gateway. `instance`: "current", "cleanroom".
  virtual Result<ServiceAnswer> call(const std::string& service, std::string_view instance,
                                     http::Method method, const std::string& path,
                                     std::chrono::milliseconds wait_max) = 0;

  virtual void note_snapshot(const std::string& service, SnapshotMark mark) = 0;

  // Numbers the event, keeps it, and answers it. What cannot be written is logged.
  virtual Event append_event(Event event) = 0;
  virtual std::vector<Event> events_after(std::uint64_t number, std::size_t count_max) const = 0;

  // Rewrites the status page; nothing: no incident is open. Errors are logged, since the status
  // page must never hold up a recovery.
  virtual void show_incident(const StatusIncident& incident) = 0;
  // A new short-lived pass, for probes through the gateway as an operator.
  virtual Result<std::string> issue_pass(std::string_view role, std::chrono::minutes life) = 0;
  // The open incident's id, for GET /v1/estate; empty: none.
  virtual void set_open_incident(const std::string& id) = 0;
  // What the officer on duty must know whatever else works, for GET /v1/estate: one sentence or
  // more a subject; empty: nothing any more.
  virtual void set_alarm(const std::string& subject, const std::string& alarm) = 0;
};

// The part that the incident's own folders add to the control API and to the life of bulkheadd.
class Extension {
 public:
  virtual ~Extension() = default;
  // Before the control API starts.
  virtual void add_routes(http::Router& router) = 0;
  // Watchers and schedules begin; every service was started.
  virtual Result<void> start() = 0;
  virtual void stop() = 0;
};

}  // namespace bulkhead::supervisor
