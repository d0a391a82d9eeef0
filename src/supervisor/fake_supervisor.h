// A supervisor for tests: services are entries in a table, compartments are states, and the
// estate's folder is real. What the tests must decide is public.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <set>

#include "supervisor/supervisor.h"

namespace bulkhead::supervisor {

class FakeSupervisor final : public Supervisor {
 public:
  FakeSupervisor(Estate estate, const Path& folder, Clock& clock)
      : estate_(std::move(estate)), layout_(folder), clock_(clock) {
    estate_.folder = folder;
    for (const ServiceConfig& service : estate_.services) {
      statuses[service.name] = {.name = service.name,
                                .exposure = service.exposure,
                                .state = ServiceState::ready,
                                .instance = "i1",
                                .generation = "g1"};
    }
  }

  const Estate& estate() const override { return estate_; }
  const Layout& layout() const override { return layout_; }
  Clock& clock() override { return clock_; }
  std::vector<ServiceStatus> services() const override {
    std::vector<ServiceStatus> all;
    for (const auto& [name, status] : statuses) all.push_back(status);
    return all;
  }
  Result<ServiceStatus> service(std::string_view name) const override {
    const auto found = statuses.find(std::string(name));
    if (found == statuses.end()) return fail(ErrorKind::not_found, std::string(name));
    return found->second;
  }
  Result<SealReport> seal(const std::vector<std::string>& services,
                          const std::string& reason) override {
    if (seal_fails) return fail(ErrorKind::io, "the disk is full");
    for (const std::string& name : services) {
      statuses[name].exposure = Exposure::sealed;
      if (statuses[name].state == ServiceState::ready) statuses[name].state = ServiceState::frozen;
    }
    SealReport report{.sealed = services,
                      .gateway_ms = std::chrono::milliseconds(20),
                      .seal_ms = std::chrono::milliseconds(70)};
    if (observer) {
      observer({.services = services, .to = Exposure::sealed, .reason = reason, .seal = report});
    }
    return report;
  }
  Result<void> set_exposure(const std::string& name, Exposure to,
                            const std::string& reason) override {
    if (gate) TRY(gate(name, to));
    statuses[name].exposure = to;
    if (statuses[name].state == ServiceState::frozen) statuses[name].state = ServiceState::ready;
    if (observer) observer({.services = {name}, .to = to, .reason = reason, .seal = {}});
    return {};
  }
  void set_exposure_gate(ExposureGate value) override { gate = std::move(value); }
  void set_exposure_observer(ExposureObserver value) override { observer = std::move(value); }
  Result<void> freeze(const std::string& name) override {
    statuses[name].state = ServiceState::frozen;
    return {};
  }
  Result<void> thaw(const std::string& name) override {
    statuses[name].state = ServiceState::ready;
    return {};
  }
  Result<json::Value> process_evidence(const std::string& name) override {
    if (statuses[name].state != ServiceState::frozen) return fail(ErrorKind::conflict, name);
    return json::Value(json::Object{{"processes", json::Array{"bulkhead-" + name}}});
  }
  Result<void> stop(const std::string& name) override {
    statuses[name].state = ServiceState::stopped;
    return {};
  }
  Result<void> start(const std::string& name) override {
    statuses[name].state = ServiceState::ready;
    return {};
  }
  Result<std::string> start_clean_room(const std::string& name, const std::string& generation,
                                       std::chrono::milliseconds) override {
    if (!std::filesystem::is_directory(layout_.generation(name, generation))) {
      return fail(ErrorKind::not_found, generation);
    }
    calls.push_back("start_clean_room " + name + " " + generation);
    clean_generation = generation;
    statuses[name].cleanroom_instance = "i2";
    return std::string("i2");
  }
  Result<void> promote(const std::string& name) override {
    if (statuses[name].cleanroom_instance.empty()) return fail(ErrorKind::conflict, name);
    statuses[name].generation = clean_generation;
    statuses[name].instance = std::exchange(statuses[name].cleanroom_instance, "");
    statuses[name].state = ServiceState::ready;
    return {};
  }
  Result<void> end_clean_room(const std::string& name) override {
    statuses[name].cleanroom_instance.clear();
    return {};
  }
  Result<ServiceAnswer> call(const std::string& name, std::string_view instance, http::Method,
                             const std::string& path, std::chrono::milliseconds) override {
    calls.push_back(name + " " + std::string(instance) + " " + path);
    if (on_call) on_call();
    const auto answer = answers.find(path);
    return ServiceAnswer{.status = answer == answers.end() ? 200 : answer->second, .body = "{}"};
  }
  void note_snapshot(const std::string& name, SnapshotMark mark) override {
    statuses[name].last_snapshot = std::move(mark);
  }
  Event append_event(Event event) override {
    event.number = events.size() + 1;
    events.push_back(event);
    return event;
  }
  std::vector<Event> events_after(std::uint64_t, std::size_t) const override { return events; }
  void show_incident(const StatusIncident& incident) override {
    shown = incident;
    shown_ids.insert(incident.id);
  }
  Result<std::string> issue_pass(std::string_view role, std::chrono::minutes) override {
    return "pass-of-" + std::string(role);
  }
  void set_open_incident(const std::string& id) override { open_incident = id; }
  void set_alarm(const std::string&, const std::string& text) override { alarm = text; }

  std::map<std::string, ServiceStatus> statuses;
  std::map<std::string, int> answers;  // path -> status, 200 where it is not here
  std::vector<std::string> calls;
  bool seal_fails = false;
  std::function<void()> on_call;  // what the service does meanwhile
  std::vector<Event> events;
  StatusIncident shown;
  std::set<std::string> shown_ids;
  std::string open_incident;
  std::string alarm;
  std::string clean_generation;
  ExposureGate gate;
  ExposureObserver observer;

 private:
  Estate estate_;
  const Layout layout_;
  Clock& clock_;
};

}  // namespace bulkhead::supervisor
