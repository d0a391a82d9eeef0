// An incident as its records tell it. apply() is the only way to change one: the same records give
// the same incident, before and after a restart. Values; whoever holds one guards it.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "analysis/indicator.h"
#include "supervisor/estate/estate.h"
#include "supervisor/incident/record.h"
#include "supervisor/incident/state.h"
#include "supervisor/incident/step.h"

namespace bulkhead::supervisor {

enum class StepState { running, done, failed };

struct StepRecord {
  StepState state = StepState::running;
  WallTime started;
  WallTime ended;  // of done and failed
  std::uint32_t attempts = 0;
  std::string message;
  json::Object details;
  bool is_void = false;  // an indicator came while it ran: its end counts for nothing
};

struct AffectedService {
  std::string name;
  std::vector<analysis::Indicator> indicators;
  std::optional<WallTime> contained;  // first time in this incident
  std::optional<WallTime> opened;     // to everyone, since it was last sealed
  std::uint32_t seals = 0;            // in this incident
  Exposure exposure = Exposure::sealed;
  // Of the present seal; those of an earlier one are in `facts` only.
  std::map<Step, StepRecord> steps;
  // What the last successful run of each step found, over all seals.
  std::map<Step, json::Object> facts;
  // When the promotion of the restoration that the service now runs on began: indicators before it
  // are past.
  std::optional<WallTime> promoted;

  bool is_done(Step step) const;
  // Of the generation that the service runs on since its last promotion, or of a later one; where
  // its generation is not known, since that promotion began.
  bool is_current(const analysis::Indicator& indicator) const;
  std::vector<analysis::Indicator> current_indicators() const;
  // Restored in this incident, and no indicator since.
  bool needs_recheck_only() const;
  // Of what the service runs on since its last promotion.
  bool is_of_promoted(const analysis::Indicator& indicator) const;
  // Of the generation that was restored last and is not in use yet: changed in the clean room.
  bool is_of_clean_room(const analysis::Indicator& indicator) const;
  // A string that a step found, or "".
  std::string fact(Step step, std::string_view key) const;
  std::optional<std::uint64_t> number(Step step, std::string_view key) const;

  // From containment to public service; nothing while it is not open.
  std::optional<std::chrono::milliseconds> rto() const;
  // Age of the restored data at containment; nothing before a clean point was chosen.
  std::optional<std::chrono::milliseconds> rpo() const;
};

struct Incident {
  std::string id;
  IncidentState state = IncidentState::suspected;
  WallTime opened;
  std::optional<WallTime> closed;
  std::string reason;
  std::optional<std::chrono::milliseconds> seal_ms;     // of the first seal
  std::optional<std::chrono::milliseconds> gateway_ms;  // of the first seal
  std::vector<AffectedService> services;                // in order of appearance

  bool is_open() const { return state != IncidentState::closed; }
  const AffectedService* find(std::string_view service) const;
  // Whether data of the service that were read from `begun` to `complete` may hold what an attacker
  // left: between an indicator and the restoration, or the closing, that ended what it told of.
  bool is_tainted(std::string_view service, WallTime begun, WallTime complete) const;
  // Kind corrupt where the record contradicts those before it. Leaves the incident as it was then.
  Result<void> apply(const Record& record);
};

// From the records of a timeline, the first of which must be `opened`.
Result<Incident> incident_from(std::string id, const std::vector<Record>& records);

}  // namespace bulkhead::supervisor
