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

enum class ItemChange { added, changed, unchanged };

// One file or folder as it was taken into the snapshot.
struct BackupItem {
  std::string path;  // on disk
  NodeType type;
  ItemChange change;
  std::uint64_t size = 0;
};

// What is read in place of paths: one file of the snapshot.
struct StreamInput {
  int fd = -1;       // the caller's; read up to its end
  std::string name;  // path of the file in the snapshot
  // Called when the end was reached; an error means that no snapshot is made. May be empty.
  std::function<Result<void>()> complete;
};

// By what the snapshot to take unchanged files from is chosen.
struct ParentChoice {
  bool by_host = true;
  bool by_paths = true;
  bool by_tags = false;
};

// Folders that hold a file of this name, and where `header` is not empty one that begins with it,
// are left out but for that file.
struct FolderMark {
  std::string name;
  std::string header;
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
  std::vector<std::string> excludes_any_case;
  std::vector<FolderMark> exclude_folders_with;
  std::optional<std::uint64_t> file_size_max;  // larger files are left out
  // Folders that are mount points are kept empty.
  bool one_file_system = false;
  std::optional<StreamInput> stream;  // in place of paths
  // Unchanged files (size, times, inode) are taken from it unread. Not given: the newest snapshot
  // that fits parent_choice.
  std::optional<SnapshotId> parent;
  ParentChoice parent_choice;
  bool ignore_inode = false;  // a changed inode number alone does not make a file changed
  bool ignore_change_time = false;
  bool keep_access_times = false;  // else the snapshot says the modification's time
  bool skip_if_unchanged = false;  // makes no snapshot where the parent's tree is the same
  bool read_all = false;           // reads every file, whatever a parent says
  // Leaves no snapshot, but an error, where a path could not be read. One that vanished while it
  // was to be read is not missed.
  bool require_complete = false;
  unsigned readers = 2;  // threads
  unsigned sealers = 0;  // threads; 0: as many as there are processors
  // Called from one thread at a time, after each file.
  std::function<void(const BackupProgress&)> progress;
  std::function<void(const BackupItem&)> item;  // one call at a time
  // Set to true by anyone: the backup ends soon with an error of kind unavailable, and leaves no
  // snapshot. What was stored until then is in the index, so that the next one need not store it.
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
  // Files that changed while they were read. Each is in the snapshot, with bytes of before and
  // after, and will be read anew by the next backup.
  std::vector<std::string> changed_while_read;
  // Nothing had changed, and so no snapshot was made: `snapshot` is the parent.
  bool skipped = false;
};

// Holds a non-exclusive lock meanwhile. An error where none of the paths could be read, or where
// something could not be stored.
Result<BackupResult> backup(Repository& repository, const BackupOptions& options);

}  // namespace bulkhead::repository
