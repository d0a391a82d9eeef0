// Makes a snapshot of paths. Stages, each with its threads and a bounded queue to the next:
//   scan → chunk → hash, compress and seal → pack → save
// Packs are stored before the index files that name them, and those before the snapshot: stopped
// at any point, by kill -9 too, the repository is whole and the snapshot is there or not.
//
// As with restic, an absolute path is kept whole in the snapshot, a relative one as it was given,
// and "." puts what the folder holds directly under the snapshot's root.
#pragma once

#include <atomic>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/file.h"
#include "repository/repository.h"

namespace bulkhead::repository {

struct BackupProgress {
  std::uint64_t files_done = 0;
  std::uint64_t directories_done = 0;
  std::uint64_t bytes_done = 0;   // of files' contents, read or known to be unchanged
  std::uint64_t bytes_added = 0;  // newly stored, before compression
  std::uint64_t errors = 0;
  bool scan_finished = false;
  std::uint64_t files_found = 0;  // the total, once the scan is finished
  std::uint64_t bytes_found = 0;
};

struct BackupOptions {
  std::vector<std::string> paths;
  Path directory;  // that relative paths start from; empty: the process's own
  // What the snapshot says its paths are; empty: the absolute form of `paths`. Give the same
  // words each time for a dataset whose folder changes its name.
  std::vector<std::string> recorded_paths;
  std::vector<std::string> tags;
  std::string hostname;               // empty: this host's
  std::optional<WallTime> time;       // of the snapshot; the clock's where not given
  std::vector<std::string> excludes;  // patterns: repository/exclude.h
  // Unchanged files (size, times, inode) are taken from it unread. Not given: the newest snapshot
  // of the same host and paths.
  std::optional<SnapshotId> parent;
  bool read_all = false;  // reads every file, whatever a parent says
  // Leaves no snapshot, but an error, where a path could not be read. One that vanished while it
  // was to be read is not missed.
  bool require_complete = false;
  unsigned readers = 2;  // threads
  unsigned sealers = 0;  // threads; 0: as many as there are processors
  // Called from one thread at a time, after each file.
  std::function<void(const BackupProgress&)> progress;
  // Set to true by anyone: the backup ends soon with an error of kind unavailable, and leaves no
  // snapshot.
  const std::atomic<bool>* cancel = nullptr;
};

struct PathError {
  std::string path;
  Error error;
};

struct BackupResult {
  Snapshot snapshot;
  // Paths that could not be read and are not in the snapshot. A backup with errors is incomplete.
  std::vector<PathError> errors;
};

// Holds a non-exclusive lock meanwhile. An error where none of the paths could be read, or where
// something could not be stored.
Result<BackupResult> backup(Repository& repository, const BackupOptions& options);

}  // namespace bulkhead::repository
