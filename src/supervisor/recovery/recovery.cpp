#include "supervisor/recovery/recovery.h"

#include <algorithm>

#include <fmt/format.h>

namespace bulkhead::supervisor {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds kStartWaitMax = 60s;
constexpr std::chrono::milliseconds kCheckWaitMax = 60s;
constexpr std::chrono::minutes kProbePassLife{5};

Record step_record(RecordKind kind, WallTime time, const std::string& service, Step step,
                   std::string message, json::Object details = {}) {
  json::Object all{{"step", std::string(name_of(step))}};
  for (const json::Member& member : details.members()) all.set(member.key, member.value);
  return {.time = time,
          .kind = kind,
          .service = service,
          .message = std::move(message),
          .details = std::move(all)};
}

class RunningMark {
 public:
  explicit RunningMark(std::atomic<bool>& is_running) : is_running_(is_running) {}
  RunningMark(const RunningMark&) = delete;
  RunningMark& operator=(const RunningMark&) = delete;
  ~RunningMark() { is_running_ = false; }

 private:
  std::atomic<bool>& is_running_;
};

bool checks_the_clean_room(Step step) {
  return step == Step::integrity || step == Step::readiness || step == Step::probe ||
         step == Step::promote;
}

}  // namespace

Result<Incident> Recovery::need(const std::string& incident) const {
  std::optional<Incident> open = desk_.current();
  if (!open || open->id != incident) {
    return fail(ErrorKind::conflict,
                "incident " + incident + " is not open; see bulkhead incident list");
  }
  return *std::move(open);
}

Result<json::Value> Recovery::run(const std::string& id, const std::vector<std::string>& services,
                                  Exposure expose, JobHandle& job) {
  if (is_running_.exchange(true)) {
    return fail(ErrorKind::conflict, "a recovery runs already; wait for it", Retry::may_help);
  }
  const RunningMark mark(is_running_);
  const std::lock_guard working(working_);
  const Incident incident = TRY(need(id));
  const std::vector<PlannedService> plan =
      TRY(plan_recovery(supervisor_.estate(), incident, services, expose));
  if (plan.empty()) return json::Value(json::Object{{"services", json::Array()}});
  if (incident.state != IncidentState::recovering) {
    std::vector<std::string> names;
    for (const PlannedService& planned : plan) names.push_back(planned.name);
    TRY(desk_.move_to(id, IncidentState::recovering,
                      fmt::format("Recovery in this order: {}", fmt::join(names, ", "))));
  }

  std::size_t steps_total = 0;
  std::size_t steps_done = 0;
  for (const PlannedService& planned : plan) steps_total += planned.steps.size();
  const auto take_one = [&](const std::string& service, Step step) -> Result<void> {
    job.report(static_cast<double>(steps_done) / static_cast<double>(steps_total),
               fmt::format("{}: {}", service, title_of(step)));
    ++steps_done;
    return take(service, step, job);
  };
  // All evidence first: what is restored later must not be able to disturb it.
  for (const PlannedService& planned : plan) {
    if (planned.steps.front() == Step::preserve) TRY(take_one(planned.name, Step::preserve));
  }
  json::Array done;
  for (const PlannedService& planned : plan) {
    TRY(revive_clean_room(planned, job));
    for (const Step step : planned.steps) {
      if (step != Step::preserve) TRY(take_one(planned.name, step));
    }
    done.emplace_back(planned.name);
  }

  const Incident after = TRY(need(id));
  const bool is_over = std::ranges::all_of(after.services, [](const AffectedService& service) {
    return !service.contained || service.opened;
  });
  if (is_over) TRY(desk_.move_to(id, IncidentState::restored, "Every service is open again"));
  return json::Value(json::Object{{"services", done}});
}

Result<void> Recovery::preserve(const std::string& id, const std::vector<std::string>& services,
                                JobHandle& job) {
  const std::lock_guard working(working_);
  for (const std::string& service : services) {
    const Incident incident = TRY(need(id));
    const AffectedService* affected = incident.find(service);
    const bool is_due = affected != nullptr && affected->exposure == Exposure::sealed &&
                        !affected->needs_recheck_only() && !affected->is_done(Step::preserve);
    if (is_due) TRY(take(service, Step::preserve, job));
  }
  return {};
}

// A clean room does not outlive bulkheadd: what was checked in it counts no more.
Result<void> Recovery::revive_clean_room(const PlannedService& planned, JobHandle& job) {
  if (planned.kind == RecoveryKind::recheck || !checks_the_clean_room(planned.steps.front())) {
    return {};
  }
  const ServiceStatus status = TRY(supervisor_.service(planned.name));
  if (!status.cleanroom_instance.empty()) return {};
  for (const Step step : {Step::start, Step::integrity, Step::readiness, Step::probe}) {
    TRY(take(planned.name, step, job));
  }
  return {};
}

Result<void> Recovery::take(const std::string& service, Step step, JobHandle& job) {
  const Incident incident = TRY([&]() -> Result<Incident> {
    std::optional<Incident> open = desk_.current();
    if (!open) return fail(ErrorKind::conflict, "the incident was closed meanwhile");
    return *std::move(open);
  }());
  if (job.cancelled()) return fail(ErrorKind::unavailable, "the recovery was stopped");
  Clock& clock = supervisor_.clock();
  TRY(desk_.append(incident.id, {step_record(RecordKind::step_started, clock.now(), service, step,
                                             std::string(title_of(step)))}));
  const Result<StepOutcome> outcome = perform(incident, service, step, job);
  if (!outcome) {
    TRY(desk_.append(incident.id,
                     {step_record(RecordKind::step_failed, clock.now(), service, step,
                                  fmt::format("{} did not pass \"{}\": {}", service, title_of(step),
                                              outcome.error().message()))}));
    return std::unexpected(
        outcome.error().with_context(fmt::format("{}: {}", service, title_of(step))));
  }
  return desk_.append(incident.id, {step_record(RecordKind::step_done, clock.now(), service, step,
                                                outcome->message, outcome->facts)});
}

Result<StepOutcome> Recovery::perform(const Incident& incident, const std::string& service,
                                      Step step, JobHandle& job) {
  if (checks_the_clean_room(step)) TRY(expect_untouched(service));
  switch (step) {
    case Step::preserve: return data_.preserve(incident, service, job.cancelled());
    case Step::choose: return data_.choose(incident, service);
    case Step::restore: return data_.restore(incident, service, job.cancelled());
    case Step::verify: return data_.verify(incident, service, job.cancelled());
    case Step::recheck: return data_.recheck(incident, service, job.cancelled());
    case Step::start: return start_clean_room(incident, service);
    case Step::integrity: {
      const std::string_view instance = TRY(checked_instance(incident, service));
      return ask_service(service, instance, "/integrity", "its data are whole");
    }
    case Step::readiness: {
      const std::string_view instance = TRY(checked_instance(incident, service));
      return ask_service(service, instance, "/readyz", "it is ready");
    }
    case Step::probe: return probe_clean_room(service);
    case Step::promote: return promote(service);
    case Step::open_operators:
    case Step::open_members:
    case Step::open_read_only:
    case Step::open_public: return open(service, *exposure_of(step));
  }
  return fail(ErrorKind::internal, "no such step");
}

Result<std::string_view> Recovery::checked_instance(const Incident& incident,
                                                    const std::string& service) {
  const AffectedService* affected = incident.find(service);
  const bool is_recheck = affected != nullptr && affected->is_done(Step::recheck);
  return std::string_view(is_recheck ? "current" : "cleanroom");
}

Result<StepOutcome> Recovery::start_clean_room(const Incident& incident,
                                               const std::string& service) {
  const AffectedService* affected = incident.find(service);
  const std::string generation = affected->fact(Step::restore, "generation");
  const std::size_t settled = TRY(data_.settle_databases(incident, service));
  // From what was verified on: a change by what runs there must not pass for how it always was.
  TRY(outside_.watch_clean_room(service, generation));
  const std::string instance =
      TRY(supervisor_.start_clean_room(service, generation, kStartWaitMax));
  return StepOutcome{
      .message = fmt::format(
          "{} runs on {} in the clean room{}", service, generation,
          settled > 0 ? fmt::format(", {} database(s) in their consistent copy", settled) : ""),
      .facts = {{"instance", instance},
                {"generation", generation},
                {"databases_settled", static_cast<std::uint64_t>(settled)}}};
}

Result<StepOutcome> Recovery::ask_service(const std::string& service, std::string_view instance,
                                          const std::string& path, std::string_view what) {
  if (supervisor_.estate().find(service)->kind != ServiceKind::http) {
    return StepOutcome{.message = service + " speaks no HTTP: nothing to ask", .facts = {}};
  }
  const ServiceAnswer answer =
      TRY(supervisor_.call(service, instance, http::Method::get, path, kCheckWaitMax));
  if (answer.status != 200) {
    return fail(ErrorKind::unavailable, fmt::format("GET {} is answered {}: {}", path,
                                                    answer.status, answer.body.substr(0, 500)));
  }
  return StepOutcome{.message = fmt::format("{} says that {}", service, what),
                     .facts = {{"status", answer.status}}};
}

Result<StepOutcome> Recovery::probe_clean_room(const std::string& service) {
  if (supervisor_.estate().find(service)->kind != ServiceKind::http) {
    return StepOutcome{.message = service + " has no page to ask for", .facts = {}};
  }
  const std::string pass = TRY(supervisor_.issue_pass("operator", kProbePassLife));
  const std::string host = supervisor_.estate().cleanroom_host(service);
  const ProbeResult result = TRY(outside_.ask_page(host, pass));
  return StepOutcome{.message = fmt::format("{} gives a page of {} bytes in {} ms", host,
                                            result.bytes, result.took.count()),
                     .facts = {{"host", host},
                               {"status", result.status},
                               {"took_ms", static_cast<std::int64_t>(result.took.count())}}};
}

Result<void> Recovery::expect_untouched(const std::string& service) {
  outside_.look(service);
  const std::optional<Incident> open = desk_.current();
  const AffectedService* affected = open ? open->find(service) : nullptr;
  if (affected == nullptr) return {};
  for (const analysis::Indicator& indicator : affected->indicators) {
    if (!affected->is_of_clean_room(indicator)) continue;
    TRY(supervisor_.end_clean_room(service));
    outside_.look(
        service);  // nothing of it must come later, when the next restoration is under way
    return fail(ErrorKind::conflict,
                fmt::format("its data were changed in the clean room after they were verified: {}. "
                            "Run the recovery again: it restores into a new generation. If it "
                            "happens again, the snapshot or the program itself is not clean",
                            indicator.explanation));
  }
  return {};
}

Result<StepOutcome> Recovery::promote(const std::string& service) {
  TRY(supervisor_.promote(service));
  const ServiceStatus status = TRY(supervisor_.service(service));
  // What is not watched is not opened.
  TRY(outside_.watch_promoted(service, status.generation));
  return StepOutcome{
      .message = fmt::format("{} is now what was in the clean room, on {}, watched, still sealed",
                             service, status.generation),
      .facts = {{"generation", status.generation}, {"instance", status.instance}}};
}

Result<StepOutcome> Recovery::open(const std::string& service, Exposure to) {
  const ServiceConfig& config = *supervisor_.estate().find(service);
  if (config.kind == ServiceKind::tcp) {
    // A pass travels in HTTP: a tcp service knows only everyone or nobody.
    if (to != Exposure::public_) {
      return StepOutcome{.message = service + " has no such stage", .facts = {}};
    }
    TRY(supervisor_.set_exposure(service, to, "recovered"));
    return StepOutcome{.message = service + " is open to everyone", .facts = {}};
  }
  TRY(supervisor_.set_exposure(service, to, "every gate before this one passed"));
  std::string pass;
  if (to == Exposure::operators) pass = TRY(supervisor_.issue_pass("operator", kProbePassLife));
  if (to == Exposure::members) pass = TRY(supervisor_.issue_pass("member", kProbePassLife));
  const Result<ProbeResult> page = outside_.ask_page(config.hostnames.front(), pass);
  if (!page) {
    TRY(supervisor_.seal(
        {service}, "it was opened to " + std::string(name_of(to)) + " and did not answer a probe"));
    return std::unexpected(page.error());
  }
  return StepOutcome{
      .message = fmt::format("{} is open to {}: a page of {} bytes in {} ms", service,
                             to == Exposure::public_     ? "everyone"
                             : to == Exposure::read_only ? "everyone, read-only"
                                                         : name_of(to),
                             page->bytes, page->took.count()),
      .facts = {{"to", std::string(name_of(to))},
                {"status", page->status},
                {"took_ms", static_cast<std::int64_t>(page->took.count())}}};
}

}  // namespace bulkhead::supervisor
