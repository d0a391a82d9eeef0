// Writes a snapshot, or a part of it, into a folder: contents, modes, times, owners, symlinks, hard
// links, extended attributes, fifos, sockets and devices. Nothing is ever written through a symlink
// or outside the folder, whatever the snapshot or the folder holds.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <vector>

#include "base/file.h"
#include "repository/backup.h"
#include "repository/repository.h"

namespace bulkhead::repository {

enum class Existing {
  refuse,   // the target must be empty or not there
  replace,  // files of the same path are replaced, others stay
};
// Of files that are there already, with Existing::replace.
enum class Overwrite {
  always,      // contents are compared, and what differs is written into the file
  if_changed,  // as `always`, but same size and modification time are taken for the same content
  if_newer,    // files that are as new as the snapshot's, or newer, are left as they are
  never,       // what is there is left as it is
};
enum class Ownership {
  when_permitted,  // as root, or else not at all
  ignore,          // everything belongs to who restores
};

struct RestoreProgress {
  std::uint64_t files_done = 0;
  std::uint64_t files_total = 0;
  std::uint64_t bytes_done = 0;
  std::uint64_t bytes_total = 0;
};

enum class RestoreAction { made, updated, unchanged, deleted };

struct RestoreItem {
  std::string path;  // relative to the target
  RestoreAction action;
  std::uint64_t size = 0;
};

struct RestoreOptions {
  Path target;          // made where it is missing
  std::string subpath;  // only this part: what this directory holds goes directly into the target,
                        // a file goes into it under its own name; empty: all
  std::vector<std::string> includes;  // patterns: repository/exclude.h; empty: all
  std::vector<std::string> excludes;
  std::vector<std::string> includes_any_case;
  std::vector<std::string> excludes_any_case;
  Existing existing = Existing::refuse;
  Overwrite overwrite = Overwrite::always;
  // Removes what restored folders hold that the snapshot's do not, as far as the patterns choose
  // it.
  bool delete_unexpected = false;
  // Blobs of zeros always become holes in new files; with this, blocks of zeros within others too.
  bool sparse = false;
  bool dry_run = false;  // writes nothing, and reports what would be done
  Ownership ownership = Ownership::when_permitted;
  unsigned threads = 4;
  std::function<void(const RestoreProgress&)> progress;  // one call at a time
  std::function<void(const RestoreItem&)> item;          // the same
  // Called beside the writing, from a thread of its own: may the restore go on? An error ends it.
  std::function<Result<void>()> settled;
  const std::atomic<bool>* cancel = nullptr;
};

struct RestoreReport {
  std::uint64_t files = 0;  // made or updated
  std::uint64_t files_unchanged = 0;
  std::uint64_t bytes_unchanged = 0;
  std::uint64_t deleted = 0;  // files, folders and others
  std::uint64_t directories = 0;
  std::uint64_t others = 0;  // symlinks, fifos, sockets, devices, further names of hard links
  std::uint64_t bytes = 0;   // of the files made or updated
  // What could not be restored or not be given its attributes; the rest was restored.
  std::vector<PathError> errors;
};

// An error only where nothing sensible could be done; look at report.errors too.
Result<RestoreReport> restore(Repository& repository, const Snapshot& snapshot,
                              const RestoreOptions& options);

}  // namespace bulkhead::repository
