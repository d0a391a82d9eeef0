#include "supervisor/incident/desk.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/log.h"
#include "base/text.h"
#include "supervisor/incident/rules.h"
#include "supervisor/incident/views.h"

namespace bulkhead::supervisor {
namespace {

constexpr std::string_view kTimelineFile = "timeline.jsonl";
constexpr std::string_view kPublishedFile = "timeline.json";
// On the status page after a restart: closed ones of the last month, as many as it shows at all.
constexpr std::size_t kClosedShownMax = 10;
constexpr std::chrono::days kClosedShownFor{30};
// A storm of indicators says nothing that these do not.
constexpr std::size_t kIndicatorsMax = 200;

json::Array names_of(const std::vector<std::string>& services) {
  return json::Array(services.begin(), services.end());
}

bool is_known(const Incident& incident, const analysis::Indicator& indicator) {
  const AffectedService* service = incident.find(indicator.service);
  if (service == nullptr) return false;
  // What another generation has shown says nothing of this one.
  std::vector<analysis::Indicator> current = service->current_indicators();
  std::erase_if(current, [&](const analysis::Indicator& known) {
    return known.generation != indicator.generation;
  });
  if (current.size() >= kIndicatorsMax) return true;
  // While a promotion runs, what was seen before it may be of the generation before.
  const auto promotion = service->steps.find(Step::promote);
  const WallTime since =
      promotion != service->steps.end() && promotion->second.state == StepState::running
          ? promotion->second.started
          : WallTime{};
  return std::ranges::any_of(current, [&](const analysis::Indicator& known) {
    return known.kind == indicator.kind && known.path == indicator.path && known.time > since &&
           known.time <= indicator.time;
  });
}

std::vector<std::string> not_yet_sealed(const Incident& incident,
                                        const std::vector<std::string>& services) {
  std::vector<std::string> open;
  for (const std::string& name : services) {
    const AffectedService* service = incident.find(name);
    const bool is_sealed =
        service != nullptr && service->contained && service->exposure == Exposure::sealed;
    if (!is_sealed) open.push_back(name);
  }
  return open;
}

}  // namespace

Result<std::unique_ptr<IncidentDesk>> IncidentDesk::open(Supervisor& supervisor) {
  std::unique_ptr<IncidentDesk> desk(new IncidentDesk(supervisor));
  const Path folder = supervisor.layout().incidents();
  TRY(make_directories(folder, 0700));
  if (const auto reserved = desk->reserve_.take(); !reserved) {
    log::warning("No space is kept free", {{"why", reserved.error().message()}});
  }
  std::error_code error;
  std::string open_id;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    const std::string id = entry.path().filename().string();
    if (!std::filesystem::exists(entry.path() / kTimelineFile)) continue;
    Timeline timeline = TRY(Timeline::open(entry.path() / kTimelineFile));
    if (timeline.records().empty()) continue;  // ended before its first record was written
    if (timeline.repaired() > 0) {
      log::warning("An incident's timeline ended within a line, which was cut off",
                   {{"incident", id}, {"bytes", std::to_string(timeline.repaired())}});
    }
    Incident incident = TRY(incident_from(id, timeline.records()));
    if (incident.is_open()) {
      if (!open_id.empty()) {
        return fail(ErrorKind::corrupt, "the incidents " + open_id + " and " + id +
                                            " are both open; close one of them by moving its "
                                            "folder away");
      }
      open_id = id;
    }
    desk->published_[id] = timeline.records().size();
    desk->cases_.emplace(id, Case{std::move(incident), std::move(timeline)});
  }
  if (error) return fail_errno(error.value(), "reading " + folder.string());
  desk->show_recent();
  if (!open_id.empty()) desk->publish(open_id);
  return desk;
}

// The status page's memory ends with bulkheadd; the public's does not.
void IncidentDesk::show_recent() {
  const WallTime since = supervisor_.clock().now() - kClosedShownFor;
  std::size_t shown = 0;
  for (const Incident& incident : all()) {
    if (incident.is_open() || incident.closed.value_or(incident.opened) < since) continue;
    if (++shown > kClosedShownMax) break;
    const Case& entry = cases_.at(incident.id);
    supervisor_.show_incident(status_view(incident.id, entry.timeline.records()));
  }
}

IncidentDesk::Case* IncidentDesk::open_one() {
  for (auto& [id, entry] : cases_) {
    if (entry.incident.is_open()) return &entry;
  }
  return nullptr;
}
const IncidentDesk::Case* IncidentDesk::open_one() const {
  return const_cast<IncidentDesk*>(this)->open_one();
}

std::string IncidentDesk::next_id() const {
  const std::string day = to_rfc3339(supervisor_.clock().now()).substr(0, 10);
  std::uint64_t last = 0;
  for (const auto& [id, entry] : cases_) {
    if (!id.starts_with(day + "-")) continue;
    last = std::max(last, parse_u64(std::string_view(id).substr(day.size() + 1)).value_or(0));
  }
  return fmt::format("{}-{}", day, last + 1);
}

Result<IncidentDesk::Case*> IncidentDesk::open_case(const std::string& reason,
                                                    const std::vector<std::string>& services) {
  if (Case* open = open_one()) return open;
  const std::string id = next_id();
  TRY(make_directories(folder_of(id), 0700));
  Case fresh{.incident = {.id = id},
             .timeline = TRY(Timeline::open(folder_of(id) / kTimelineFile))};
  TRY(append_to(fresh, {{.time = supervisor_.clock().now(),
                         .kind = RecordKind::opened,
                         .message = reason,
                         .details = {{"services", names_of(services)}}}}));
  return &cases_.emplace(id, std::move(fresh)).first->second;
}

// Applied to a copy first: nothing is written that a restart could not read again.
Result<void> IncidentDesk::append_to(Case& open, std::vector<Record> records) {
  Incident changed = open.incident;
  for (const Record& record : records) TRY(changed.apply(record));
  TRY(open.timeline.append(std::move(records)));
  open.incident = std::move(changed);
  return {};
}

Record IncidentDesk::state_record(IncidentState to, const std::string& message) const {
  return {.time = supervisor_.clock().now(),
          .kind = RecordKind::state_changed,
          .message = message,
          .details = {{"to", std::string(name_of(to))}}};
}

void IncidentDesk::report(const analysis::Indicator& indicator) {
  Unfinished work{.indicator = indicator};
  Result<void> done = contain(work);
  if (!done) {
    log::error("What an indicator leads to is not all done; its services are sealed nevertheless",
               {{"service", indicator.service}, {"error", done.error().message()}});
    {
      const std::lock_guard lock(mutex_);
      reserve_.release();
    }
    done = contain(work);
  }
  if (!done) {
    work.why = done.error().message();
    const std::lock_guard lock(mutex_);
    if (unfinished_.size() < kIndicatorsMax) unfinished_.push_back(std::move(work));
  }
  raise_alarm();
}

Result<void> IncidentDesk::contain(Unfinished& work) {
  Result<void> recorded;
  if (!work.is_recorded) {
    auto to_seal = take_in(work.indicator);
    work.is_recorded = to_seal.has_value();
    if (!to_seal) recorded = std::unexpected(to_seal.error());
    work.to_seal =
        to_seal ? std::move(*to_seal) : services_to_seal(supervisor_.estate(), work.indicator);
  }
  Result<void> sealed;
  if (!work.to_seal.empty()) {
    const auto report = supervisor_.seal(
        work.to_seal, fmt::format("{} in {}: {}", name_of(work.indicator.kind),
                                  work.indicator.service, work.indicator.explanation));
    if (!report) sealed = std::unexpected(report.error());
    // Whether it succeeded or not: a later seal answers something else.
    const std::lock_guard lock(mutex_);
    for (const std::string& service : work.to_seal) seal_causes_.erase(service);
  }
  if (const std::optional<Incident> open = current()) publish(open->id);
  return recorded ? sealed : recorded;
}

void IncidentDesk::retry() {
  std::vector<Unfinished> left;
  {
    const std::lock_guard lock(mutex_);
    left.swap(unfinished_);
    if (left.empty()) {
      // Where there is no room for it, an estate runs without.
      (void)reserve_.take();
      return;
    }
  }
  std::erase_if(left, [&](Unfinished& work) {
    const Result<void> done = contain(work);
    if (!done) work.why = done.error().message();
    return done.has_value();
  });
  {
    const std::lock_guard lock(mutex_);
    unfinished_.insert(unfinished_.begin(), std::make_move_iterator(left.begin()),
                       std::make_move_iterator(left.end()));
  }
  raise_alarm();
}

void IncidentDesk::raise_alarm() {
  std::string alarm;
  {
    const std::lock_guard lock(mutex_);
    if (!unfinished_.empty()) {
      const Unfinished& first = unfinished_.front();
      alarm = fmt::format(
          "{} in {}: {}. {} {}. It is tried again each second; until then do not restart "
          "bulkheadd, and leave sealed what is sealed.",
          name_of(first.indicator.kind), first.indicator.service, first.indicator.explanation,
          first.is_recorded ? "It is recorded, but not all that follows from it is done:"
                            : "It cannot be recorded:",
          first.why);
      if (unfinished_.size() > 1) alarm += fmt::format(" {} more wait.", unfinished_.size() - 1);
    }
  }
  supervisor_.set_alarm("incident", alarm);
}

Result<std::vector<std::string>> IncidentDesk::take_in(const analysis::Indicator& indicator) {
  const std::lock_guard lock(mutex_);
  Case* open = TRY(open_case(fmt::format("{} in {}", name_of(indicator.kind), indicator.service),
                             {indicator.service}));
  if (is_known(open->incident, indicator)) return std::vector<std::string>();
  std::vector<Record> records{{.time = indicator.time,
                               .kind = RecordKind::indicator,
                               .service = indicator.service,
                               .message = indicator.explanation,
                               .details = *analysis::to_json(indicator).object()}};
  const std::vector<std::string> ruled = services_to_seal(supervisor_.estate(), indicator);
  std::vector<std::string> services = not_yet_sealed(open->incident, ruled);
  if (!services.empty()) {
    for (const std::string& service : services) seal_causes_.emplace(service, indicator.time);
    if (open->incident.state == IncidentState::suspected) {
      records.push_back(state_record(IncidentState::declared,
                                     fmt::format("A rule seals {}", fmt::join(services, ", "))));
    }
  }
  TRY(append_to(*open, std::move(records)));
  // A sealed service may run, while it is rechecked or has just been promoted, and may be about to
  // be opened: sealing it again freezes it.
  const AffectedService& affected = *open->incident.find(indicator.service);
  if (affected.promoted && affected.is_current(indicator) &&
      std::ranges::find(ruled, affected.name) != ruled.end() &&
      std::ranges::find(services, affected.name) == services.end()) {
    services.push_back(affected.name);
  }
  return services;
}

Result<std::string> IncidentDesk::record_declaration(const std::vector<std::string>& services,
                                                     const std::string& reason) {
  const std::lock_guard lock(mutex_);
  Case* open = TRY(open_case(reason, services));
  if (open->incident.state == IncidentState::suspected) {
    TRY(append_to(*open, {state_record(IncidentState::declared, reason)}));
  }
  return open->incident.id;
}

Result<Incident> IncidentDesk::declare(const std::vector<std::string>& services,
                                       const std::string& reason) {
  const std::vector<std::string> names = TRY(supervisor_.estate().select(services));
  if (names.empty()) return fail(ErrorKind::invalid, "name at least one service");
  Result<std::string> id = record_declaration(names, reason);
  if (!id) {
    (void)supervisor_.seal(names, reason);  // Asked again below, with an incident or without.
    {
      const std::lock_guard lock(mutex_);
      reserve_.release();
    }
    id = record_declaration(names, reason);
  }
  const auto sealed = supervisor_.seal(names, reason);
  if (!id) {
    return std::unexpected(id.error().with_context(fmt::format(
        "{} {}, but no incident could be opened", fmt::join(names, ", "),
        sealed ? "is sealed" : "refuses visitors and is frozen until bulkheadd is restarted")));
  }
  if (!sealed) return std::unexpected(sealed.error());
  publish(*id);
  const std::lock_guard lock(mutex_);
  return cases_.at(*id).incident;
}

Result<Incident> IncidentDesk::close(const std::string& id, const std::string& reason) {
  TRY(move_to(id, IncidentState::closed, reason));
  const std::lock_guard lock(mutex_);
  return cases_.at(id).incident;
}

void IncidentDesk::resume() {
  const std::optional<Incident> open = current();
  if (!open || open->state != IncidentState::declared) return;
  std::vector<std::string> services;
  for (const AffectedService& service : open->services) {
    for (const analysis::Indicator& indicator : service.current_indicators()) {
      const auto ruled = services_to_seal(supervisor_.estate(), indicator);
      services.insert(services.end(), ruled.begin(), ruled.end());
    }
  }
  if (services.empty()) return;
  const auto sealed = supervisor_.seal(services, "A seal that was interrupted is completed");
  if (!sealed) log::error("Sealing failed", {{"error", sealed.error().message()}});
}

std::optional<Incident> IncidentDesk::current() const {
  const std::lock_guard lock(mutex_);
  const Case* open = open_one();
  return open == nullptr ? std::nullopt : std::optional(open->incident);
}

std::vector<Incident> IncidentDesk::all() const {
  std::vector<Incident> incidents;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, entry] : cases_) incidents.push_back(entry.incident);
  }
  std::ranges::sort(incidents, std::greater(), &Incident::opened);
  return incidents;
}

bool IncidentDesk::is_tainted(const std::string& service, WallTime begun, WallTime complete) const {
  const std::lock_guard lock(mutex_);
  return std::ranges::any_of(cases_, [&](const auto& entry) {
    return entry.second.incident.is_tainted(service, begun, complete);
  });
}

Result<json::Value> IncidentDesk::show(const std::string& id) const {
  const std::lock_guard lock(mutex_);
  const auto found = cases_.find(id);
  if (found == cases_.end()) {
    return fail(ErrorKind::not_found,
                "there is no incident " + id + "; see bulkhead incident list");
  }
  return full_json(found->second.incident, found->second.timeline.records());
}

Result<void> IncidentDesk::append(const std::string& id, std::vector<Record> records) {
  {
    const std::lock_guard lock(mutex_);
    Case* open = open_one();
    if (open == nullptr || open->incident.id != id) {
      return fail(ErrorKind::conflict, "incident " + id + " is not open");
    }
    TRY(append_to(*open, std::move(records)));
  }
  publish(id);
  return {};
}

Result<void> IncidentDesk::move_to(const std::string& id, IncidentState state,
                                   const std::string& message) {
  {
    const std::lock_guard lock(mutex_);
    const auto found = cases_.find(id);
    if (found == cases_.end()) return fail(ErrorKind::not_found, "there is no incident " + id);
    if (found->second.incident.state == state) return {};
    TRY(append_to(found->second, {state_record(state, message)}));
  }
  publish(id);
  return {};
}

void IncidentDesk::exposure_changed(const Supervisor::ExposureChange& change) {
  std::string id;
  {
    const std::lock_guard lock(mutex_);
    Case* open = open_one();
    if (open == nullptr) return;
    id = open->incident.id;
    const WallTime now = supervisor_.clock().now();
    std::vector<Record> records;
    if (change.to == Exposure::sealed) {
      const std::vector<std::string> services = not_yet_sealed(open->incident, change.services);
      if (services.empty()) return;
      json::Object details{{"services", names_of(services)}};
      if (change.seal) {
        details.set("gateway_ms", static_cast<std::int64_t>(change.seal->gateway_ms.count()));
        details.set("seal_ms", static_cast<std::int64_t>(change.seal->seal_ms.count()));
        std::optional<WallTime> cause;
        for (const std::string& service : services) {
          const auto found = seal_causes_.find(service);
          if (found != seal_causes_.end() && (!cause || found->second < *cause)) {
            cause = found->second;
          }
        }
        if (cause) {
          const auto since = std::chrono::duration_cast<std::chrono::milliseconds>(
              now - *cause - change.seal->seal_ms + change.seal->gateway_ms);
          details.set("indicator_to_refusal_ms", static_cast<std::int64_t>(since.count()));
        }
      }
      for (const std::string& service : services) seal_causes_.erase(service);
      if (open->incident.state == IncidentState::suspected) {
        records.push_back(state_record(IncidentState::declared, change.reason));
      }
      records.push_back(
          {.time = now,
           .kind = RecordKind::sealed,
           .message = fmt::format("Sealed {}: {}", fmt::join(services, ", "), change.reason),
           .details = std::move(details)});
      if (open->incident.state != IncidentState::contained) {
        records.push_back(state_record(IncidentState::contained,
                                       "The gateway refuses, and the compartments are frozen"));
      }
    } else {
      for (const std::string& service : change.services) {
        const AffectedService* affected = open->incident.find(service);
        if (affected == nullptr || !affected->contained) continue;
        records.push_back({.time = now,
                           .kind = RecordKind::exposed,
                           .service = service,
                           .message = fmt::format("{} is open: {}", service, name_of(change.to)),
                           .details = {{"to", std::string(name_of(change.to))}}});
      }
    }
    const Result<void> appended = append_to(*open, std::move(records));
    if (!appended) {
      log::error("A change of exposure could not be recorded",
                 {{"incident", id}, {"error", appended.error().message()}});
      return;
    }
  }
  publish(id);
}

Result<void> IncidentDesk::may_expose(const std::string& service, Exposure to) const {
  const std::lock_guard lock(mutex_);
  if (to == Exposure::sealed) return {};
  for (const Unfinished& work : unfinished_) {
    if (std::ranges::find(work.to_seal, service) == work.to_seal.end()) continue;
    return fail(
        ErrorKind::conflict,
        fmt::format("{} in {} is not dealt with: {}. When it is, run: bulkhead incident show",
                    name_of(work.indicator.kind), work.indicator.service, work.why));
  }
  const Case* open = open_one();
  if (open == nullptr) return {};
  const AffectedService* affected = open->incident.find(service);
  if (affected == nullptr || !affected->contained) return {};
  const std::vector<analysis::Indicator> indicators = affected->current_indicators();
  if (affected->promoted && !indicators.empty()) {
    return fail(ErrorKind::conflict,
                fmt::format("{0} has an indicator since it was restored: {1}. Run: bulkhead seal "
                            "{0}, then bulkhead incident recover --service {0}",
                            service, indicators.back().explanation));
  }
  const auto has_passed = [&](std::initializer_list<Step> steps) {
    return std::ranges::all_of(steps, [&](Step step) { return affected->is_done(step); });
  };
  if (has_passed({Step::verify, Step::integrity, Step::readiness, Step::probe, Step::promote}) ||
      has_passed({Step::recheck, Step::integrity, Step::readiness})) {
    return {};
  }
  return fail(ErrorKind::conflict,
              fmt::format("{0} is sealed by incident {1} and has not passed its gates; run: "
                          "bulkhead incident recover --service {0}",
                          service, open->incident.id));
}

// Hands what is new to the supervisor: its events, the status page, and timeline.json.
void IncidentDesk::publish(const std::string& id) {
  std::vector<Record> fresh;
  StatusIncident status;
  bool is_open = false;
  std::string content;
  {
    const std::lock_guard lock(mutex_);
    const Case& entry = cases_.at(id);
    const std::vector<Record>& records = entry.timeline.records();
    std::size_t& published = published_[id];
    fresh.assign(records.begin() + static_cast<std::ptrdiff_t>(published), records.end());
    published = records.size();
    status = status_view(id, records);
    is_open = entry.incident.is_open();
    content = json::write(full_json(entry.incident, records), json::Layout::indented) + "\n";
  }
  for (Record& record : fresh) {
    const std::string kind = record.kind == RecordKind::state_changed
                                 ? *record.details.find("to")->string()
                                 : std::string(name_of(record.kind));
    supervisor_.append_event({.time = record.time,
                              .kind = "incident." + kind,
                              .service = std::move(record.service),
                              .incident = id,
                              .message = std::move(record.message),
                              .details = std::move(record.details)});
  }
  supervisor_.set_open_incident(is_open ? id : "");
  supervisor_.show_incident(status);
  const Result<void> written =
      write_file_atomic(folder_of(id) / kPublishedFile, as_bytes(content), 0600);
  if (!written) {
    log::warning("timeline.json could not be written; timeline.jsonl holds the same",
                 {{"incident", id}, {"error", written.error().message()}});
  }
}

}  // namespace bulkhead::supervisor
