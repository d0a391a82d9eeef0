// Snapshots of datasets in the estate's repository: how they are tagged, found, listed and
// compared. A dataset's snapshot holds its files directly under the root, and says that its path is
// "/datasets/<service>", whichever generation was read; so any restic restores it as it is.
#pragma once

#include <string>
#include <vector>

#include "analysis/snapshot_comparison.h"
#include "repository/repository.h"

namespace bulkhead::supervisor {

// Tags: "service=website" on all; "quiesced" where the databases' copies in .quiesced/ are of this
// moment; "evidence" and "incident=<id>" where it was taken of a sealed compartment.
inline constexpr std::string_view kQuiescedTag = "quiesced";
inline constexpr std::string_view kEvidenceTag = "evidence";
std::string service_tag(std::string_view service);
std::string incident_tag(std::string_view incident);
std::string recorded_path(std::string_view service);
bool has_tag(const repository::Snapshot& snapshot, std::string_view tag);
// When the last of its content was read; its time is when it was begun.
WallTime complete_at(const repository::Snapshot& snapshot);

// Of one service, oldest first, evidence too.
Result<std::vector<repository::Snapshot>> snapshots_of(repository::Repository& repository,
                                                       std::string_view service);

// Each regular file with the blobs that make it up.
Result<analysis::Listing> listing_of(repository::Repository& repository,
                                     const repository::Snapshot& snapshot);

// The second look: what changed between two snapshots of a dataset, and is a sign of compromise.
Result<std::vector<analysis::Indicator>> compare_snapshots(repository::Repository& repository,
                                                           const analysis::ComparisonInput& input,
                                                           const repository::Snapshot& before,
                                                           const repository::Snapshot& after);

}  // namespace bulkhead::supervisor
