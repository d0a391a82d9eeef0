#include "supervisor/incident/views.h"

#include <algorithm>
#include <map>
#include <optional>

namespace bulkhead::supervisor {
namespace {

json::Value milliseconds_or_null(std::optional<std::chrono::milliseconds> duration) {
  if (!duration) return nullptr;
  return static_cast<std::int64_t>(duration->count());
}

json::Value time_or_null(std::optional<WallTime> time) {
  if (!time) return nullptr;
  return to_rfc3339_milliseconds(*time);
}

json::Value number_or_null(std::optional<std::uint64_t> number) {
  if (!number) return nullptr;
  return *number;
}

std::string_view name_of(StepState state) {
  switch (state) {
    case StepState::running: return "running";
    case StepState::done: return "done";
    case StepState::failed: return "failed";
  }
  return "failed";
}

json::Value to_json(const AffectedService& service) {
  json::Array indicators;
  for (const analysis::Indicator& indicator : service.indicators) {
    indicators.push_back(analysis::to_json(indicator));
  }
  json::Array steps;
  for (const auto& [step, record] : service.steps) {
    json::Object entry{{"step", std::string(name_of(step))},
                       {"title", std::string(title_of(step))},
                       {"state", std::string(name_of(record.state))},
                       {"started", to_rfc3339_milliseconds(record.started)},
                       {"attempts", static_cast<std::uint64_t>(record.attempts)},
                       {"message", record.message}};
    if (record.state != StepState::running) {
      const auto duration =
          std::chrono::duration_cast<std::chrono::milliseconds>(record.ended - record.started);
      entry.set("duration_ms", static_cast<std::int64_t>(duration.count()));
    }
    steps.push_back(std::move(entry));
  }
  return json::Object{
      {"name", service.name},
      {"exposure", std::string(name_of(service.exposure))},
      {"seals", static_cast<std::uint64_t>(service.seals)},
      {"contained", time_or_null(service.contained)},
      {"opened", time_or_null(service.opened)},
      {"rto_ms", milliseconds_or_null(service.rto())},
      {"rpo_ms", milliseconds_or_null(service.rpo())},
      {"files_damaged", number_or_null(service.number(Step::choose, "files_damaged"))},
      {"files_recovered", number_or_null(service.number(Step::verify, "files_recovered"))},
      {"evidence", service.fact(Step::preserve, "snapshot")},
      {"snapshot", service.fact(Step::choose, "snapshot")},
      {"snapshot_time", service.fact(Step::choose, "time")},
      {"generation", service.fact(Step::restore, "generation")},
      {"indicators", indicators},
      {"steps", steps}};
}

std::vector<std::string> services_of(const Record& record) {
  std::vector<std::string> services;
  const json::Value details = record.details;
  if (const json::Array* names = details["services"].array()) {
    for (const json::Value& name : *names) {
      if (name.is_string()) services.push_back(*name.string());
    }
  }
  if (services.empty() && !record.service.empty()) services.push_back(record.service);
  return services;
}

// What the public is told of a record; nothing for most.
std::optional<StatusStep> told_of(const Record& record, std::map<std::string, int>& seals) {
  const json::Value details = record.details;
  const auto is = [&](std::string_view key, std::string_view value) {
    return details[key].is_string() && *details[key].string() == value;
  };
  switch (record.kind) {
    case RecordKind::opened: return StatusStep::investigating;
    case RecordKind::sealed: {
      bool is_again = false;
      for (const std::string& service : services_of(record)) is_again |= seals[service]++ > 0;
      return is_again ? StatusStep::sealed_again : StatusStep::contained;
    }
    case RecordKind::step_started:
      if (is("step", name_of(Step::restore))) return StatusStep::restoring;
      if (is("step", name_of(Step::verify)) || is("step", name_of(Step::recheck))) {
        return StatusStep::verifying;
      }
      return std::nullopt;
    case RecordKind::step_done:
      if (is("step", name_of(Step::choose))) return StatusStep::identified;
      return std::nullopt;
    case RecordKind::exposed:
      if (is("to", name_of(Exposure::public_))) return StatusStep::restored;
      return std::nullopt;
    case RecordKind::state_changed:
      // A false alarm is closed without a restoration, and is over as well.
      if (is("to", name_of(IncidentState::restored)) || is("to", name_of(IncidentState::closed))) {
        return StatusStep::resolved;
      }
      return std::nullopt;
    default: return std::nullopt;
  }
}

}  // namespace

json::Value summary_json(const Incident& incident) {
  json::Array services;
  for (const AffectedService& service : incident.services) services.emplace_back(service.name);
  return json::Object{{"id", incident.id},
                      {"state", std::string(name_of(incident.state))},
                      {"opened", to_rfc3339_milliseconds(incident.opened)},
                      {"reason", incident.reason},
                      {"services", services}};
}

json::Value full_json(const Incident& incident, std::span<const Record> records) {
  json::Array services;
  for (const AffectedService& service : incident.services) services.push_back(to_json(service));
  json::Array timeline;
  for (const Record& record : records) timeline.push_back(to_json(record));
  return json::Object{{"id", incident.id},
                      {"state", std::string(name_of(incident.state))},
                      {"opened", to_rfc3339_milliseconds(incident.opened)},
                      {"reason", incident.reason},
                      {"seal_ms", milliseconds_or_null(incident.seal_ms)},
                      {"gateway_ms", milliseconds_or_null(incident.gateway_ms)},
                      {"services", services},
                      {"timeline", timeline}};
}

StatusIncident status_view(const std::string& id, std::span<const Record> records) {
  StatusIncident view{.id = id, .opened = records.empty() ? WallTime{} : records.front().time};
  std::map<std::string, int> seals;
  for (const Record& record : records) {
    const std::optional<StatusStep> step = told_of(record, seals);
    if (!step) continue;
    std::vector<std::string> services = services_of(record);
    if (*step == StatusStep::resolved) {
      for (const auto& [service, count] : seals) services.push_back(service);
      if (services.empty()) services = services_of(records.front());
    }
    // What follows at once for the next service is told in one line.
    if (!view.updates.empty() && view.updates.back().step == *step) {
      for (std::string& service : services) {
        std::vector<std::string>& told = view.updates.back().services;
        if (std::ranges::find(told, service) == told.end()) told.push_back(std::move(service));
      }
      continue;
    }
    view.updates.push_back({.time = record.time, .step = *step, .services = std::move(services)});
  }
  return view;
}

}  // namespace bulkhead::supervisor
