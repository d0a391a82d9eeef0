// What a drill found, as build/estate/reports/imo-2020.json holds it and imo-2020.html shows it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "cli/drill/continuous_probe.h"
#include "json/value.h"

namespace bulkhead::cli::drill {

struct DrillCheck {
  std::string name;  // what was expected
  bool passed = false;
  std::string found;
};

struct DrillService {
  std::string name;
  std::string title;
  std::optional<std::int64_t> rto_ms;
  std::optional<std::int64_t> rpo_ms;
  std::int64_t files_damaged = 0;  // by the drill's own look into the vault and the dataset
  std::int64_t files_recovered = 0;
  std::int64_t seals = 0;
};

// From `from` on, until the next one of the same service.
struct LaneChange {
  std::string service;
  WallTime from;
  std::string exposure;
};

struct DrillMark {
  WallTime time;
  std::string title;
};

struct DrillReport {
  WallTime started;
  WallTime ended;
  WallTime attacked;
  std::string estate;
  std::string incident;
  std::optional<std::int64_t> seal_ms;    // from the first indicator to the gateway refusing
  std::optional<std::int64_t> freeze_ms;  // from the seal's start to the last frozen compartment
  std::optional<std::int64_t>
      seal_outside_ms;  // from the attack's start to the refusal, as seen outside
  std::vector<DrillService> services;
  std::vector<ProbeTally> probes;
  std::vector<DrillCheck> checks;
  std::vector<DrillMark> marks;
  json::Value incident_record;  // as the control API answers it
  std::int64_t files_encrypted = 0;
  std::int64_t escapes_tried = 0;
  std::string failure;  // what ended the drill before its time; empty otherwise

  bool passed() const;
  std::uint64_t probes_sent() const;
  std::uint64_t probes_lost() const;
  // Every service that the drill knows, with its changes of exposure in order of time.
  std::vector<LaneChange> lanes() const;
};

json::Value to_json(const DrillReport& report);

}  // namespace bulkhead::cli::drill
