#include "supervisor/incident/record.h"

#include <array>

namespace bulkhead::supervisor {
namespace {

struct Name {
  RecordKind kind;
  std::string_view name;
};
constexpr std::array kNames = {
    Name{RecordKind::opened, "opened"},
    Name{RecordKind::indicator, "indicator"},
    Name{RecordKind::state_changed, "state"},
    Name{RecordKind::sealed, "sealed"},
    Name{RecordKind::step_started, "step-started"},
    Name{RecordKind::step_done, "step-done"},
    Name{RecordKind::step_failed, "step-failed"},
    Name{RecordKind::exposed, "exposed"},
    Name{RecordKind::note, "note"},
};

}  // namespace

std::string_view name_of(RecordKind kind) {
  for (const Name& entry : kNames) {
    if (entry.kind == kind) return entry.name;
  }
  return "unknown";
}

json::Value to_json(const Record& record) {
  json::Object object{{"number", record.number},
                      {"time", to_rfc3339(record.time)},
                      {"kind", std::string(name_of(record.kind))}};
  if (!record.service.empty()) object.set("service", record.service);
  object.set("message", record.message);
  if (!record.details.empty()) object.set("details", record.details);
  return object;
}

Result<Record> record_from_json(const json::Value& value) {
  Record record;
  record.number = TRY(value["number"].to_u64("record's number"));
  const std::string time = TRY(value["time"].to_string("record's time"));
  record.time = TRY(from_rfc3339(time));
  const std::string kind = TRY(value["kind"].to_string("record's kind"));
  bool is_known = false;
  for (const Name& entry : kNames) {
    if (entry.name != kind) continue;
    record.kind = entry.kind;
    is_known = true;
  }
  if (!is_known) return fail(ErrorKind::corrupt, "\"" + kind + "\" is no kind of record");
  if (!value["service"].is_null()) {
    record.service = TRY(value["service"].to_string("record's service"));
  }
  record.message = TRY(value["message"].to_string("record's message"));
  if (const json::Object* details = value["details"].object()) record.details = *details;
  return record;
}

}  // namespace bulkhead::supervisor
