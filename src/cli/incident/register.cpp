#include "cli/incident/register.h"

#include <fmt/format.h>
#include <unistd.h>

#include "cli/control/control.h"
#include "cli/control/job.h"
#include "cli/incident/timeline_text.h"

namespace bulkhead::cli::incident {
namespace {

constexpr std::chrono::hours kRecoveryTimeMax{24};

struct IncidentVerb : control::EstateOptions {
  std::string id;  // empty: the one that is open, or else the newest
  std::vector<std::string> services;
  std::string reason;
  std::string expose = "public";
  bool json = false;
};

estate::Colour colour() {
  return isatty(STDOUT_FILENO) == 1 ? estate::Colour::terminal : estate::Colour::none;
}

json::Array names_of(const std::vector<std::string>& services) {
  return json::Array(services.begin(), services.end());
}

Result<std::string> id_of(const control::Control& control, const IncidentVerb& verb) {
  if (!verb.id.empty()) return verb.id;
  const json::Value list = TRY(control.get("/v1/incidents"));
  const json::Array* incidents = list["incidents"].array();
  if (incidents == nullptr || incidents->empty()) {
    return fail(ErrorKind::not_found, "no incident was ever opened in this estate");
  }
  for (const json::Value& incident : *incidents) {
    if (incident["state"].is_string() && *incident["state"].string() != "closed") {
      return incident["id"].to_string("id");
    }
  }
  return incidents->front()["id"].to_string("id");
}

Result<int> list(const IncidentVerb& verb) {
  const control::Control control = TRY(control::Control::open(verb));
  const json::Value incidents = TRY(control.get("/v1/incidents"));
  if (verb.json) {
    fmt::print("{}\n", json::write(incidents, json::Layout::indented));
  } else {
    fmt::print("{}", incident_list_text(incidents));
  }
  return kExitSuccess;
}

// Beside the answer, which may be for a program.
Result<void> tell_alarms(const control::Control& control) {
  const json::Value estate = TRY(control.get("/v1/estate"));
  const json::Array* alarms = estate["alarms"].array();
  for (const json::Value& alarm : alarms == nullptr ? json::Array() : *alarms) {
    fmt::print(stderr, "ALARM: {}\n", text_of(alarm));
  }
  return {};
}

Result<int> show(const IncidentVerb& verb) {
  const control::Control control = TRY(control::Control::open(verb));
  TRY(tell_alarms(control));
  const std::string id = TRY(id_of(control, verb));
  const json::Value incident = TRY(control.get("/v1/incidents/" + id));
  if (verb.json) {
    fmt::print("{}\n", json::write(incident, json::Layout::indented));
  } else {
    fmt::print("{}", incident_text(incident, colour()));
  }
  return kExitSuccess;
}

Result<int> declare(const IncidentVerb& verb) {
  const control::Control control = TRY(control::Control::open(verb));
  json::Object body{{"services", names_of(verb.services)}};
  if (!verb.reason.empty()) body.set("reason", verb.reason);
  const json::Value incident = TRY(control.post("/v1/incidents", body));
  fmt::print("{}\nBring the services back with: bulkhead incident recover\n",
             incident_text(incident, colour()));
  return kExitSuccess;
}

Result<int> recover(const IncidentVerb& verb) {
  const control::Control control = TRY(control::Control::open(verb));
  const std::string id = TRY(id_of(control, verb));
  const json::Object body{{"services", names_of(verb.services)}, {"expose", verb.expose}};
  const json::Value job = TRY(control.post("/v1/incidents/" + id + "/recover", body));
  TRY(control::wait_for_job(control, job, kRecoveryTimeMax, control::print_progress()));
  const json::Value incident = TRY(control.get("/v1/incidents/" + id));
  fmt::print("{}", incident_text(incident, colour()));
  return kExitSuccess;
}

Result<int> close(const IncidentVerb& verb) {
  const control::Control control = TRY(control::Control::open(verb));
  const std::string id = TRY(id_of(control, verb));
  json::Object body;
  if (!verb.reason.empty()) body.set("reason", verb.reason);
  TRY(control.post("/v1/incidents/" + id + "/close", body));
  fmt::print("Incident {} is closed.\n", id);
  return kExitSuccess;
}

}  // namespace

void register_incident(Command& root) {
  Command& incident = root.subcommand("incident", "Declare, follow, recover and close incidents");
  auto verb = std::make_shared<IncidentVerb>();

  Command& list_verb = incident.subcommand("list", "All incidents of the estate, newest first");
  control::add_estate_option(list_verb, *verb);
  list_verb.flag("--json", verb->json, "As the control API answers it").on_run([verb] {
    return list(*verb);
  });

  Command& show_verb = incident.subcommand("show", "The timeline, and what came back how fast");
  control::add_estate_option(show_verb, *verb);
  show_verb.argument("ID", verb->id, "Which; else the open one, or the newest", Need::optional)
      .flag("--json", verb->json, "As the control API answers it")
      .on_run([verb] { return show(*verb); });

  Command& declare_verb = incident.subcommand("declare", "Open an incident and seal services");
  control::add_estate_option(declare_verb, *verb);
  declare_verb.arguments("SERVICE", verb->services, "Names, or group:NAME", Need::required)
      .option("--reason", verb->reason, "For the timeline")
      .on_run([verb] { return declare(*verb); });

  Command& recover_verb = incident.subcommand("recover", "Bring services back, gate by gate");
  control::add_estate_option(recover_verb, *verb);
  recover_verb.argument("ID", verb->id, "Which incident; else the open one", Need::optional)
      .option("--service", verb->services, "Only this one (may be repeated); else all of them")
      .option("--expose", verb->expose, "How far: operators, members, read-only or public")
      .on_run([verb] { return recover(*verb); });

  Command& close_verb = incident.subcommand("close", "End an incident that is over");
  control::add_estate_option(close_verb, *verb);
  close_verb.argument("ID", verb->id, "Which; else the open one", Need::optional)
      .option("--reason", verb->reason, "For the timeline")
      .on_run([verb] { return close(*verb); });
}

}  // namespace bulkhead::cli::incident
