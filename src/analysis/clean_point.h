// The clean point: the newest snapshot with no indicator before it was complete. Pure: the same
// snapshots and indicators give the same answer, in whatever order they come.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "analysis/indicator.h"

namespace bulkhead::analysis {

struct SnapshotPoint {
  std::string id;
  WallTime time;             // of the data: when the snapshot was begun
  bool is_evidence = false;  // taken of a sealed compartment, not of a service at work
  WallTime complete = {};    // when the last of it was read; not known where before `time`
};

struct CleanPoint {
  SnapshotPoint snapshot;
  std::vector<SnapshotPoint> passed_over;  // newer ones, newest first, and why not:
  std::string reason;                      // a sentence for the operator
};

// `indicators` are those of the service since its last restoration. An evidence snapshot counts
// only where the service has no indicator at all: then it holds its newest data. Nothing when no
// snapshot is clean.
std::optional<CleanPoint> choose_clean_point(std::span<const SnapshotPoint> snapshots,
                                             std::span<const Indicator> indicators);

}  // namespace bulkhead::analysis
