#include "cli/drill/report.h"

#include <algorithm>

namespace bulkhead::cli::drill {
namespace {

json::Value number_or_null(std::optional<std::int64_t> number) {
  if (!number) return nullptr;
  return *number;
}

json::Value to_json(const ProbeTally& tally) {
  json::Array lost;
  for (const LostProbe& probe : tally.first_lost) {
    lost.push_back(
        json::Object{{"time", to_rfc3339_milliseconds(probe.time)}, {"reason", probe.reason}});
  }
  const std::uint64_t answered = tally.sent - tally.lost;
  const double mean = answered == 0 ? 0
                                    : static_cast<double>(tally.total.count()) / 1000 /
                                          static_cast<double>(answered);
  return json::Object{{"service", tally.service},
                      {"sent", tally.sent},
                      {"lost", tally.lost},
                      {"mean_ms", mean},
                      {"slowest_ms", static_cast<double>(tally.slowest.count()) / 1000},
                      {"first_lost", lost}};
}

json::Value to_json(const DrillService& service) {
  return json::Object{{"name", service.name},
                      {"title", service.title},
                      {"rto_ms", number_or_null(service.rto_ms)},
                      {"rpo_ms", number_or_null(service.rpo_ms)},
                      {"files_damaged", service.files_damaged},
                      {"files_recovered", service.files_recovered},
                      {"seals", service.seals}};
}

}  // namespace

bool DrillReport::passed() const {
  return failure.empty() && !checks.empty() && probes_lost() == 0 && probes_sent() > 0 &&
         std::ranges::all_of(checks, &DrillCheck::passed);
}

std::uint64_t DrillReport::probes_sent() const {
  std::uint64_t sent = 0;
  for (const ProbeTally& tally : probes) sent += tally.sent;
  return sent;
}

std::uint64_t DrillReport::probes_lost() const {
  std::uint64_t lost = 0;
  for (const ProbeTally& tally : probes) lost += tally.lost;
  return lost;
}

std::vector<LaneChange> DrillReport::lanes() const {
  std::vector<LaneChange> changes;
  for (const DrillService& service : services) changes.push_back({service.name, started, "public"});
  for (const ProbeTally& tally : probes) changes.push_back({tally.service, started, "public"});
  const json::Array* records = incident_record["timeline"].array();
  for (const json::Value& record : records != nullptr ? *records : json::Array()) {
    const auto time = from_rfc3339(text_of(record["time"]));
    if (!time) continue;
    const std::string kind = text_of(record["kind"]);
    if (kind == "exposed") {
      changes.push_back({text_of(record["service"]), *time, text_of(record["details"]["to"])});
    } else if (kind == "sealed") {
      const json::Array* sealed = record["details"]["services"].array();
      for (const json::Value& name : sealed != nullptr ? *sealed : json::Array()) {
        changes.push_back({text_of(name), *time, "sealed"});
      }
    }
  }
  return changes;  // in order of time, as the timeline is
}

json::Value to_json(const DrillReport& report) {
  json::Array services;
  for (const DrillService& service : report.services) services.push_back(to_json(service));
  json::Array probes;
  for (const ProbeTally& tally : report.probes) probes.push_back(to_json(tally));
  json::Array checks;
  for (const DrillCheck& check : report.checks) {
    checks.push_back(
        json::Object{{"name", check.name}, {"passed", check.passed}, {"found", check.found}});
  }
  json::Array marks;
  for (const DrillMark& mark : report.marks) {
    marks.push_back(
        json::Object{{"time", to_rfc3339_milliseconds(mark.time)}, {"title", mark.title}});
  }
  const json::Value& timeline = report.incident_record["timeline"];
  return json::Object{{"drill", "imo-2020"},
                      {"result", report.passed() ? "passed" : "failed"},
                      {"failure", report.failure},
                      {"estate", report.estate},
                      {"started", to_rfc3339_milliseconds(report.started)},
                      {"ended", to_rfc3339_milliseconds(report.ended)},
                      {"incident", report.incident},
                      {"seal_ms", number_or_null(report.seal_ms)},
                      {"freeze_ms", number_or_null(report.freeze_ms)},
                      {"seal_outside_ms", number_or_null(report.seal_outside_ms)},
                      {"probes_sent", report.probes_sent()},
                      {"probes_lost", report.probes_lost()},
                      {"files_encrypted", report.files_encrypted},
                      {"escapes_tried", report.escapes_tried},
                      {"services", services},
                      {"probes", probes},
                      {"checks", checks},
                      {"acts", marks},
                      {"timeline", timeline.is_null() ? json::Value(json::Array()) : timeline}};
}

}  // namespace bulkhead::cli::drill
