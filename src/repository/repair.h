// Mends a repository. Each holds prune's lock, so that none of them and prune meet; backups go on.
// Nothing that could still be of use is thrown away: what is taken out of use waits, as with prune.
//
// In this order: repair_index (which packs are there, what is in them), repair_packs (bytes),
// repair_snapshots (what then is still missing).
#pragma once

#include <atomic>
#include <string>
#include <vector>

#include "repository/forget.h"
#include "repository/repository.h"
#include "repository/stage_progress.h"

namespace bulkhead::repository {

struct RepairIndexOptions {
  bool read_all_packs = false;  // looks into those, too, whose index entry seems right
  DryRun dry_run = DryRun::no;
  StageObserver progress;
  const std::atomic<bool>* cancel = nullptr;
};

struct RepairIndexReport {
  std::uint64_t packs = 0;
  std::uint64_t added = 0;      // packs that no index named
  std::uint64_t corrected = 0;  // packs whose entries were wrong
  std::uint64_t removed = 0;    // entries of packs that are not there
  std::uint64_t damaged_index_files = 0;
  // Packs whose header cannot be read: repair_packs() is for them.
  std::vector<std::string> unreadable;
};

Result<RepairIndexReport> repair_index(Repository& repository, const RepairIndexOptions& options);

struct RepairPacksOptions {
  std::vector<PackId> packs;  // empty: all are read
  DryRun dry_run = DryRun::no;
  unsigned threads = 2;
  StageObserver progress;
  const std::atomic<bool>* cancel = nullptr;
};

struct RepairPacksReport {
  std::uint64_t read = 0;
  std::uint64_t rebuilt = 0;         // byte for byte, from parity
  std::uint64_t salvaged = 0;        // packs whose whole blobs were put into new ones
  std::uint64_t blobs_lost = 0;      // in those; repair_snapshots() is next
  std::uint64_t parity_renewed = 0;  // the parity itself was damaged
  std::vector<std::string> notes;    // one a damaged pack: what was done
};

// Of a damaged pack: from its parity (parity.h) where there is enough; else its whole blobs go into
// new packs, and it is taken out of use.
Result<RepairPacksReport> repair_packs(Repository& repository, const RepairPacksOptions& options);

struct RepairSnapshotsOptions {
  SnapshotFilter filter;
  std::vector<SnapshotId> snapshots;  // empty: all that match
  bool forget = false;                // removes the snapshots that were replaced
  DryRun dry_run = DryRun::no;
  StageObserver progress;
  const std::atomic<bool>* cancel = nullptr;
};

struct RepairSnapshotsReport {
  struct Repaired {
    SnapshotId before;
    std::optional<SnapshotId> after;  // none in a dry run, or where nothing was left
    std::vector<std::string> losses;  // "/srv/a: 2 of 5 pieces are missing"
  };
  std::uint64_t checked = 0;
  std::vector<Repaired> repaired;
  std::vector<std::string> unreadable;  // snapshot files
};

// Makes, beside each snapshot that lacks something, one without it, with the tag "repaired":
// folders whose tree is lost are empty, files lack the pieces that are lost.
Result<RepairSnapshotsReport> repair_snapshots(Repository& repository,
                                               const RepairSnapshotsOptions& options);

}  // namespace bulkhead::repository
