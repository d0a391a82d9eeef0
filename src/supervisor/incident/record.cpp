#include "supervisor/incident/record.h"

#include "base/names.h"

namespace bulkhead::supervisor {
namespace {

constexpr Named<RecordKind> kNames[] = {
    {RecordKind::opened, "opened"},
    {RecordKind::indicator, "indicator"},
    {RecordKind::state_changed, "state"},
    {RecordKind::sealed, "sealed"},
    {RecordKind::step_started, "step-started"},
    {RecordKind::step_done, "step-done"},
    {RecordKind::step_failed, "step-failed"},
    {RecordKind::exposed, "exposed"},
    {RecordKind::note, "note"},
};

}  // namespace

std::string_view name_of(RecordKind kind) { return name_in(kNames, kind); }

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
  const auto known = value_in(kNames, kind);
  if (!known) return fail(ErrorKind::corrupt, "\"" + kind + "\" is no kind of record");
  record.kind = *known;
  if (!value["service"].is_null()) {
    record.service = TRY(value["service"].to_string("record's service"));
  }
  record.message = TRY(value["message"].to_string("record's message"));
  if (const json::Object* details = value["details"].object()) record.details = *details;
  return record;
}

}  // namespace bulkhead::supervisor
