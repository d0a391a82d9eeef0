// Snapshots from one repository into another (restic's `copy`): every blob that the other lacks is
// opened, checked against its id, and sealed anew; trees keep their bytes. Files that both
// repositories have are stored twice in it where the two cut their chunks differently.
#pragma once

#include <atomic>
#include <functional>
#include <vector>

#include "repository/repository.h"

namespace bulkhead::repository {

struct CopyProgress {
  std::uint64_t blobs_done = 0;
  std::uint64_t blobs_total = 0;
  std::uint64_t bytes_done = 0;  // as the source stores them
  std::uint64_t bytes_total = 0;
};

struct CopyOptions {
  unsigned threads = 4;
  std::function<void(const CopyProgress&)> progress;  // one call at a time
  const std::atomic<bool>* cancel = nullptr;
};

struct CopiedSnapshot {
  SnapshotId source;
  SnapshotId copy;  // of one that was there already where `skipped`
  bool skipped = false;
};

struct CopyReport {
  std::vector<CopiedSnapshot> snapshots;
  std::uint64_t blobs = 0;
  std::uint64_t bytes_added = 0;   // before compression
  std::uint64_t bytes_packed = 0;  // as the destination stores them
};

// A snapshot counts as there already where one of the destination is a copy of it, or of the same
// origin, and says the same. Locks both repositories. Interrupted, what was copied is in the
// destination's index, and the next copy goes on from there.
Result<CopyReport> copy_snapshots(Repository& source, Repository& destination,
                                  const std::vector<Snapshot>& snapshots,
                                  const CopyOptions& options);

}  // namespace bulkhead::repository
