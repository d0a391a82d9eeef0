// One line of an incident's timeline: what is written is never changed. The state of the incident
// is nothing but the sum of its records (incident.h), so that it survives whatever ends bulkheadd.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "json/value.h"

namespace bulkhead::supervisor {

enum class RecordKind {
  opened,         // details: services
  indicator,      // details: the indicator
  state_changed,  // details: to
  sealed,         // details: services, gateway_ms, seal_ms
  step_started,   // details: step
  step_done,      // details: step, and what the step found
  step_failed,    // details: step; the message says what to do
  exposed,        // details: to
  note,           // for the reader only
};
std::string_view name_of(RecordKind kind);

struct Record {
  std::uint64_t number = 0;  // from 1, without gaps
  WallTime time;
  RecordKind kind = RecordKind::note;
  std::string service;  // empty: of the incident as a whole
  std::string message;  // a sentence for the operator
  json::Object details;
};

json::Value to_json(const Record& record);
Result<Record> record_from_json(const json::Value& value);

}  // namespace bulkhead::supervisor
