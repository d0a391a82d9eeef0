#include "supervisor/control/control_routes.h"

#include <fmt/format.h>

#include "base/text.h"
#include "json/value.h"

namespace bulkhead::supervisor {
namespace {

constexpr std::size_t kBodySizeMax = 64 * 1024;
constexpr std::size_t kEventsAnsweredMax = 1000;
constexpr std::uint64_t kPassMinutesDefault = 60;

json::Object service_json(const ServiceStatus& status, const Estate& estate) {
  const ServiceConfig& config = *estate.find(status.name);
  json::Array hostnames(config.hostnames.begin(), config.hostnames.end());
  json::Object ports;
  for (const PortConfig& port : config.ports) ports.set(port.name, std::uint64_t{port.port});
  json::Object out{{"name", status.name},
                   {"title", config.title.find("en")->second},
                   {"kind", config.kind == ServiceKind::tcp ? "tcp" : "http"},
                   {"hostname", config.hostnames.empty() ? "" : config.hostnames.front()},
                   {"hostnames", std::move(hostnames)},
                   {"ports", std::move(ports)},
                   {"tier", config.tier},
                   {"group", config.group},
                   {"exposure", name_of(status.exposure)},
                   {"state", name_of(status.state)},
                   {"since", to_rfc3339_milliseconds(status.since)},
                   {"restarts", std::uint64_t{status.restarts}},
                   {"generation", status.generation},
                   {"instance", status.instance},
                   {"cleanroom_instance", status.cleanroom_instance},
                   {"problem", status.problem}};
  if (status.last_snapshot) {
    out.set("last_snapshot",
            json::Object{{"id", status.last_snapshot->id},
                         {"time", to_rfc3339_milliseconds(status.last_snapshot->time)}});
  } else {
    out.set("last_snapshot", nullptr);
  }
  return out;
}

json::Object estate_json(const EstateSupervisor& supervisor) {
  const Estate& estate = supervisor.estate();
  json::Object addresses{{"status", estate.https_origin(estate.status_host()) + "/"}};
  for (const ServiceConfig& service : estate.services) {
    if (!service.hostnames.empty()) {
      addresses.set(service.name, estate.https_origin(service.hostnames.front()) + "/");
    }
    for (const PortConfig& port : service.ports) {
      addresses.set(service.name + "." + port.name,
                    fmt::format("{}:{}", estate.gateway.address, port.port));
    }
  }
  json::Array services;
  for (const ServiceStatus& status : supervisor.services()) {
    services.push_back(service_json(status, estate));
  }
  const std::string incident = supervisor.open_incident();
  json::Array alarms;
  for (std::string& alarm : supervisor.alarms()) alarms.push_back(std::move(alarm));
  return json::Object{
      {"name", estate.name},
      {"title", estate.title.find("en")->second},
      {"folder", estate.folder.native()},
      {"gateway", fmt::format("{}:{}", estate.gateway.address, estate.gateway.https_port)},
      {"vault", estate.vault.location()},
      {"addresses", std::move(addresses)},
      {"services", std::move(services)},
      {"incident", incident.empty() ? json::Value(nullptr) : json::Value(incident)},
      {"alarms", std::move(alarms)}};
}

Result<std::vector<std::string>> selectors_of(const json::Value& body) {
  if (const bool* all = body["all"].boolean(); all && *all) return std::vector<std::string>{"all"};
  const json::Array* array = body["services"].array();
  if (!array || array->empty()) {
    return fail(ErrorKind::invalid,
                "name services in \"services\": a list of names or \"group:<name>\", or say "
                "\"all\": true");
  }
  std::vector<std::string> out;
  for (const json::Value& value : *array) {
    const std::string* name = value.string();
    if (!name) return fail(ErrorKind::invalid, "\"services\" must hold strings only");
    out.push_back(*name);
  }
  return out;
}

std::string reason_of(const json::Value& body) {
  const std::string* reason = body["reason"].string();
  return reason && !reason->empty() ? *reason : "asked for by an operator";
}

Result<http::Response> seal(EstateSupervisor& supervisor, http::Request& request) {
  const json::Value body = TRY(read_json_body(request));
  const std::vector<std::string> selectors = TRY(selectors_of(body));
  const std::vector<std::string> names = TRY(supervisor.estate().select(selectors));
  const SealReport report = TRY(supervisor.seal(names, reason_of(body)));
  json::Array sealed(report.sealed.begin(), report.sealed.end());
  return http::Response::json(
      json::Object{{"sealed", std::move(sealed)},
                   {"gateway_ms", static_cast<std::int64_t>(report.gateway_ms.count())},
                   {"seal_ms", static_cast<std::int64_t>(report.seal_ms.count())}});
}

Result<http::Response> expose(EstateSupervisor& supervisor, http::Request& request) {
  const json::Value body = TRY(read_json_body(request));
  const std::string* service = body["service"].string();
  const std::string* to = body["to"].string();
  if (!service || !to) {
    return fail(ErrorKind::invalid, "name the \"service\" and what it is exposed \"to\"");
  }
  const auto exposure = exposure_from(*to);
  if (!exposure) {
    return fail(ErrorKind::invalid,
                fmt::format("\"{}\" is no exposure; use one of public, read-only, members, "
                            "operators, sealed",
                            *to));
  }
  TRY(supervisor.set_exposure(*service, *exposure, reason_of(body)));
  const ServiceStatus status = TRY(supervisor.service(*service));
  return http::Response::json(service_json(status, supervisor.estate()));
}

Result<http::Response> issue(EstateSupervisor& supervisor, http::Request& request) {
  const json::Value body = TRY(read_json_body(request));
  const std::string role = TRY(body["role"].to_string("role"));
  const std::uint64_t minutes =
      body["minutes"].is_null() ? kPassMinutesDefault : TRY(body["minutes"].to_u64("minutes"));
  // Beyond any life that is allowed, and far from overflowing.
  const auto life = std::chrono::minutes(std::min<std::uint64_t>(minutes, 1'000'000));
  const std::string token = TRY(supervisor.issue_pass(role, life));
  json::Object urls;
  for (const ServiceConfig& service : supervisor.estate().services) {
    if (service.hostnames.empty()) continue;
    urls.set(service.name,
             fmt::format("{}/.bulkhead/pass?token={}",
                         supervisor.estate().https_origin(service.hostnames.front()), token));
  }
  const json::Value first = urls.empty() ? json::Value() : urls.members().front().value;
  return http::Response::json(json::Object{{"token", token},
                                           {"role", role},
                                           {"minutes", minutes},
                                           {"url", first},
                                           {"urls", std::move(urls)}});
}

Result<http::Response> events(EstateSupervisor& supervisor, http::Request& request) {
  const std::string after = request.query.get("after", "0");
  const auto number = parse_u64(after);
  if (!number) {
    return fail(ErrorKind::invalid, fmt::format("after: \"{}\" is no event's number", after));
  }
  json::Array out;
  std::uint64_t next = *number;
  for (const Event& event : supervisor.events_after(*number, kEventsAnsweredMax)) {
    next = event.number;
    out.push_back(to_json(event));
  }
  return http::Response::json(json::Object{{"events", std::move(out)}, {"next_after", next}});
}

using Action = Result<http::Response> (*)(EstateSupervisor&, http::Request&);

http::Handler answered(EstateSupervisor& supervisor, Action action) {
  return [&supervisor, action](http::Request& request) {
    auto answer = action(supervisor, request);
    return answer ? std::move(*answer) : http::problem(answer.error(), request);
  };
}

}  // namespace

Result<json::Value> read_json_body(http::Request& request) {
  const Bytes bytes = TRY(http::read_body(*request.body, kBodySizeMax));
  auto value = json::parse(as_text(bytes));
  if (!value || !value->is_object()) {
    return fail(ErrorKind::invalid, "the body must be a JSON object");
  }
  return std::move(*value);
}

void add_control_routes(http::Router& router, EstateSupervisor& supervisor) {
  router.get("/v1/estate", [&supervisor](http::Request&) {
    return http::Response::json(estate_json(supervisor));
  });
  router.post("/v1/seal", answered(supervisor, seal));
  router.post("/v1/expose", answered(supervisor, expose));
  router.post("/v1/passes", answered(supervisor, issue));
  router.get("/v1/events", answered(supervisor, events));
}

}  // namespace bulkhead::supervisor
