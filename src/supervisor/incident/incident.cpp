#include "supervisor/incident/incident.h"

#include <algorithm>

#include "supervisor/estate/layout.h"

namespace bulkhead::supervisor {
namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;

AffectedService& need(Incident& incident, const std::string& name) {
  const auto found = std::ranges::find(incident.services, name, &AffectedService::name);
  if (found != incident.services.end()) return *found;
  incident.services.push_back({.name = name});
  return incident.services.back();
}

std::optional<milliseconds> optional_milliseconds(const json::Object& details,
                                                  std::string_view name) {
  const json::Value* value = details.find(name);
  if (value == nullptr) return std::nullopt;
  const Result<std::uint64_t> number = value->to_u64(name);
  if (!number) return std::nullopt;
  return milliseconds(*number);
}

Result<void> apply_sealed(Incident& incident, const Record& record) {
  const json::Value details = record.details;
  const json::Array* names = details["services"].array();
  if (names == nullptr) return fail(ErrorKind::corrupt, "a seal names no services");
  for (const json::Value& name : *names) {
    const std::string service_name = TRY(name.to_string("sealed service"));
    AffectedService& service = need(incident, service_name);
    if (!service.contained) service.contained = record.time;
    service.opened.reset();
    service.exposure = Exposure::sealed;
    ++service.seals;
    service.steps.clear();
  }
  if (!incident.seal_ms) incident.seal_ms = optional_milliseconds(record.details, "seal_ms");
  if (!incident.gateway_ms) {
    incident.gateway_ms = optional_milliseconds(record.details, "gateway_ms");
  }
  return {};
}

// What was passed before an indicator counts no more: a sealed service starts again from its
// evidence. One that is open keeps its steps until it is sealed, so that nothing is promoted under
// its visitors; the desk opens it no further. A running step still has to end.
void forget_passed_steps(AffectedService& service) {
  if (service.exposure != Exposure::sealed || service.needs_recheck_only()) return;
  std::erase_if(service.steps,
                [](const auto& step) { return step.second.state != StepState::running; });
}

// What was restored is no longer what was verified: all that was done with it is done again, with
// another restoration.
void forget_clean_room(AffectedService& service) {
  for (const Step step : {Step::restore, Step::verify, Step::start, Step::integrity,
                          Step::readiness, Step::probe, Step::promote}) {
    const auto found = service.steps.find(step);
    if (found == service.steps.end()) continue;
    if (found->second.state == StepState::running) {
      found->second.is_void = true;
    } else {
      service.steps.erase(found);
    }
  }
}

Result<void> apply_indicator(Incident& incident, const Record& record) {
  analysis::Indicator indicator = TRY(analysis::indicator_from_json(record.details));
  AffectedService& service = need(incident, indicator.service);
  service.indicators.push_back(std::move(indicator));
  if (service.is_of_clean_room(service.indicators.back())) {
    forget_clean_room(service);
  } else if (service.is_of_promoted(service.indicators.back())) {
    forget_passed_steps(service);
  }
  return {};
}

Result<void> apply_step(Incident& incident, const Record& record) {
  const json::Value details = record.details;
  const std::string name = TRY(details["step"].to_string("record's step"));
  const Step step = TRY(step_from(name));
  AffectedService& service = need(incident, record.service);
  StepRecord& entry = service.steps[step];
  if (record.kind == RecordKind::step_started) {
    entry.state = StepState::running;
    entry.started = record.time;
    entry.is_void = false;
    ++entry.attempts;
    return {};
  }
  const bool is_void = entry.is_void;
  entry.ended = record.time;
  entry.message = record.message;
  entry.details = record.details;
  entry.state = record.kind == RecordKind::step_done ? StepState::done : StepState::failed;
  if (entry.state == StepState::done) {
    service.facts[step] = record.details;
    if (step == Step::promote) {
      // By its start: an indicator while it ran may be of the new generation.
      service.promoted = entry.started == WallTime{} ? record.time : entry.started;
      forget_passed_steps(service);
    }
  }
  if (is_void) service.steps.erase(step);
  return {};
}

Result<void> apply_exposed(Incident& incident, const Record& record) {
  const json::Value details = record.details;
  const std::string name = TRY(details["to"].to_string("exposure"));
  const std::optional<Exposure> to = exposure_from(name);
  if (!to) return fail(ErrorKind::corrupt, "\"" + name + "\" is no exposure");
  AffectedService& service = need(incident, record.service);
  service.exposure = *to;
  if (*to == Exposure::public_) {
    service.opened = record.time;
  } else {
    service.opened.reset();
  }
  return {};
}

Result<void> apply_kind(Incident& incident, const Record& record) {
  const json::Value details = record.details;
  switch (record.kind) {
    case RecordKind::opened:
      incident.opened = record.time;
      incident.reason = record.message;
      return {};
    case RecordKind::indicator: return apply_indicator(incident, record);
    case RecordKind::state_changed: {
      const std::string name = TRY(details["to"].to_string("state"));
      const IncidentState to = TRY(incident_state_from(name));
      TRY(check_transition(incident.state, to));
      incident.state = to;
      if (to == IncidentState::closed) incident.closed = record.time;
      return {};
    }
    case RecordKind::sealed: return apply_sealed(incident, record);
    case RecordKind::step_started:
    case RecordKind::step_done:
    case RecordKind::step_failed: return apply_step(incident, record);
    case RecordKind::exposed: return apply_exposed(incident, record);
    case RecordKind::note: return {};
  }
  return {};
}

}  // namespace

bool AffectedService::is_done(Step step) const {
  const auto found = steps.find(step);
  return found != steps.end() && found->second.state == StepState::done;
}

bool AffectedService::is_current(const analysis::Indicator& indicator) const {
  if (!promoted) return true;
  const std::uint64_t in_use = generation_number(fact(Step::promote, "generation"));
  if (!indicator.generation.empty() && in_use > 0) {
    return generation_number(indicator.generation) >= in_use;
  }
  return indicator.time > *promoted;
}

bool AffectedService::is_of_promoted(const analysis::Indicator& indicator) const {
  if (!promoted || !is_current(indicator)) return false;
  return indicator.generation.empty() || indicator.generation == fact(Step::promote, "generation");
}

bool AffectedService::is_of_clean_room(const analysis::Indicator& indicator) const {
  const std::string restored = fact(Step::restore, "generation");
  return !restored.empty() && indicator.generation == restored &&
         restored != fact(Step::promote, "generation");
}

std::vector<analysis::Indicator> AffectedService::current_indicators() const {
  std::vector<analysis::Indicator> current;
  for (const analysis::Indicator& indicator : indicators) {
    if (is_current(indicator)) current.push_back(indicator);
  }
  return current;
}

bool AffectedService::needs_recheck_only() const {
  return promoted.has_value() && current_indicators().empty();
}

std::string AffectedService::fact(Step step, std::string_view key) const {
  const auto found = facts.find(step);
  if (found == facts.end()) return "";
  const json::Value* value = found->second.find(key);
  return value != nullptr ? text_of(*value) : "";
}

std::optional<std::uint64_t> AffectedService::number(Step step, std::string_view key) const {
  const auto found = facts.find(step);
  if (found == facts.end()) return std::nullopt;
  const json::Value* value = found->second.find(key);
  if (value == nullptr) return std::nullopt;
  const Result<std::uint64_t> number = value->to_u64(key);
  return number ? std::optional(*number) : std::nullopt;
}

std::optional<milliseconds> AffectedService::rto() const {
  if (!contained || !opened) return std::nullopt;
  return duration_cast<milliseconds>(*opened - *contained);
}

std::optional<milliseconds> AffectedService::rpo() const {
  if (!contained) return std::nullopt;
  const Result<WallTime> data = from_rfc3339(fact(Step::choose, "time"));
  if (!data) return std::nullopt;
  return std::max(milliseconds(0), duration_cast<milliseconds>(*contained - *data));
}

const AffectedService* Incident::find(std::string_view service) const {
  const auto found = std::ranges::find(services, service, &AffectedService::name);
  return found == services.end() ? nullptr : &*found;
}

bool Incident::is_tainted(std::string_view service, WallTime begun, WallTime complete) const {
  const AffectedService* affected = find(service);
  if (affected == nullptr) return false;
  return std::ranges::any_of(affected->indicators, [&](const analysis::Indicator& indicator) {
    const std::optional<WallTime> end =
        affected->is_current(indicator) ? closed : affected->promoted;
    return end && indicator.time <= complete && begun <= *end;
  });
}

Result<void> Incident::apply(const Record& record) {
  Incident changed = *this;
  TRY_CONTEXT(apply_kind(changed, record),
              "incident " + id + ", record " + std::to_string(record.number));
  *this = std::move(changed);
  return {};
}

Result<Incident> incident_from(std::string id, const std::vector<Record>& records) {
  if (records.empty() || records.front().kind != RecordKind::opened) {
    return fail(ErrorKind::corrupt, "incident " + id + " does not begin with its opening");
  }
  Incident incident{.id = std::move(id)};
  for (const Record& record : records) TRY(incident.apply(record));
  return incident;
}

}  // namespace bulkhead::supervisor
