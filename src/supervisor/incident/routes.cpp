#include "supervisor/incident/routes.h"

#include <fmt/format.h>

#include "supervisor/backup/dataset_snapshots.h"
#include "supervisor/incident/views.h"

namespace bulkhead::supervisor {
namespace {

using http::Request;
using http::Response;

constexpr std::size_t kBodySizeMax = 64 * 1024;

Result<json::Value> body_of(Request& request) {
  const Bytes body = TRY(http::read_body(*request.body, kBodySizeMax));
  if (body.empty()) return json::Value(json::Object());
  Result<json::Value> value = json::parse(as_text(body));
  if (!value) return fail(ErrorKind::invalid, "the body is not JSON: " + value.error().message());
  if (!value->is_object()) return fail(ErrorKind::invalid, "the body must be a JSON object");
  return value;
}

Result<std::vector<std::string>> names_in(const json::Value& body) {
  std::vector<std::string> names;
  const json::Value& list = body["services"];
  if (list.is_null()) return names;
  const json::Array* array = list.array();
  if (array == nullptr) return fail(ErrorKind::invalid, "\"services\" must be a list of names");
  for (const json::Value& name : *array) {
    if (!name.is_string()) {
      return fail(ErrorKind::invalid, "\"services\" must be a list of names");
    }
    names.push_back(*name.string());
  }
  return names;
}

std::string text_in(const json::Value& body, std::string_view key, std::string_view otherwise) {
  return body[key].is_string() ? *body[key].string() : std::string(otherwise);
}

using Answer = std::function<Result<json::Value>(Request&)>;
http::Handler handler(int status, Answer answer) {
  return [status, answer = std::move(answer)](Request& request) {
    const Result<json::Value> value = answer(request);
    return value ? Response::json(*value, status) : http::problem(value.error(), request);
  };
}

Result<json::Value> start_backup(const ProtectionParts& parts, Request& request) {
  const json::Value body = TRY(body_of(request));
  std::vector<std::string> selectors = TRY(names_in(body));
  if (selectors.empty()) selectors = {"all"};
  const std::vector<std::string> services = TRY(parts.supervisor.estate().select(selectors));
  Backups& backups = parts.backups;
  const std::string id =
      TRY(parts.jobs.start("backup", [&backups, services](JobHandle& job) -> Result<json::Value> {
        json::Array done;
        std::vector<Error> errors;
        for (std::size_t i = 0; i < services.size(); ++i) {
          const auto report = [&](double part) {
            job.report((static_cast<double>(i) + part) / static_cast<double>(services.size()),
                       "backing up " + services[i]);
          };
          report(0);
          const Result<BackupOutcome> outcome =
              backups.back_up(services[i], report, &job.cancelled());
          if (outcome) {
            done.push_back(to_json(*outcome));
          } else {
            errors.push_back(outcome.error());
          }
        }
        // One that fails does not keep the others from their backup.
        if (!errors.empty()) {
          return std::unexpected(errors.front().with_context(
              fmt::format("{} of {} backups failed", errors.size(), services.size())));
        }
        return json::Value(json::Object{{"backups", done}});
      }));
  return json::Value(json::Object{{"job", id}});
}

Result<json::Value> last_backups(const ProtectionParts& parts) {
  json::Array list;
  for (const auto& [service, record] : parts.backups.last_results()) {
    json::Object entry{{"service", service}, {"time", to_rfc3339_milliseconds(record.time)}};
    if (record.outcome) entry.set("outcome", to_json(*record.outcome));
    if (!record.error.empty()) entry.set("error", record.error);
    list.push_back(std::move(entry));
  }
  return json::Value(json::Object{{"backups", list}});
}

Result<json::Value> list_snapshots(const ProtectionParts& parts, const Request& request) {
  const auto service = request.query.find("service");
  std::vector<std::string> names;
  for (const ServiceConfig& config : parts.supervisor.estate().services) {
    if (!service || config.name == *service) names.push_back(config.name);
  }
  if (names.empty()) {
    return fail(ErrorKind::not_found, "there is no service " + std::string(*service));
  }
  const std::shared_ptr<repository::Repository> repository = TRY(parts.vault.open());
  json::Array list;
  for (const std::string& name : names) {
    for (const repository::Snapshot& snapshot : TRY(snapshots_of(*repository, name))) {
      json::Array tags(snapshot.tags.begin(), snapshot.tags.end());
      json::Object entry{{"id", snapshot.id.to_hex()},
                         {"service", name},
                         {"time", to_rfc3339_milliseconds(snapshot.time)},
                         {"tags", tags}};
      if (snapshot.summary) {
        entry.set("files", snapshot.summary->total_files_processed);
        entry.set("bytes", snapshot.summary->total_bytes_processed);
      }
      list.push_back(std::move(entry));
    }
  }
  return json::Value(json::Object{{"snapshots", list}});
}

Result<json::Value> declare(const ProtectionParts& parts, Request& request) {
  const json::Value body = TRY(body_of(request));
  const std::vector<std::string> services = TRY(names_in(body));
  const Incident incident =
      TRY(parts.desk.declare(services, text_in(body, "reason", "declared by an operator")));
  return parts.desk.show(incident.id);
}

Result<json::Value> recover(const ProtectionParts& parts, Request& request) {
  const json::Value body = TRY(body_of(request));
  const std::string id = request.path_values["id"];
  std::vector<std::string> services = TRY(names_in(body));
  if (!services.empty()) services = TRY(parts.supervisor.estate().select(services));
  const std::string to = text_in(body, "expose", "public");
  const std::optional<Exposure> expose = exposure_from(to);
  if (!expose || *expose == Exposure::sealed) {
    return fail(ErrorKind::invalid,
                "\"expose\" must be operators, members, read-only or public, not " + to);
  }
  TRY(parts.desk.show(id));
  Recovery& recovery = parts.recovery;
  const std::string job =
      TRY(parts.jobs.start("recovery", [&recovery, id, services, expose](JobHandle& handle) {
        return recovery.run(id, services, *expose, handle);
      }));
  return json::Value(json::Object{{"job", job}});
}

Result<json::Value> close(const ProtectionParts& parts, Request& request) {
  const json::Value body = TRY(body_of(request));
  if (parts.recovery.is_running()) {
    return fail(ErrorKind::conflict,
                "a recovery runs: close the incident when it has ended, or has stopped at a step "
                "that did not pass (bulkhead incident show)");
  }
  const Incident incident = TRY(parts.desk.close(request.path_values["id"],
                                                 text_in(body, "reason", "closed by an operator")));
  return summary_json(incident);
}

}  // namespace

void add_protection_routes(http::Router& router, const ProtectionParts& parts) {
  router.post("/v1/backups",
              handler(202, [parts](Request& request) { return start_backup(parts, request); }));
  router.get("/v1/backups", handler(200, [parts](Request&) { return last_backups(parts); }));
  router.get("/v1/jobs/{id}", handler(200, [parts](Request& request) -> Result<json::Value> {
               const JobStatus status = TRY(parts.jobs.find(request.path_values["id"]));
               return to_json(status);
             }));
  router.get("/v1/snapshots",
             handler(200, [parts](Request& request) { return list_snapshots(parts, request); }));
  router.get("/v1/incidents", handler(200, [parts](Request&) -> Result<json::Value> {
               json::Array list;
               for (const Incident& incident : parts.desk.all()) {
                 list.push_back(summary_json(incident));
               }
               return json::Value(json::Object{{"incidents", list}});
             }));
  router.post("/v1/incidents",
              handler(201, [parts](Request& request) { return declare(parts, request); }));
  router.get("/v1/incidents/{id}", handler(200, [parts](Request& request) {
               return parts.desk.show(request.path_values["id"]);
             }));
  router.post("/v1/incidents/{id}/recover",
              handler(202, [parts](Request& request) { return recover(parts, request); }));
  router.post("/v1/incidents/{id}/close",
              handler(200, [parts](Request& request) { return close(parts, request); }));
}

}  // namespace bulkhead::supervisor
