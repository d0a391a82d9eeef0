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

struct RestoreOptions {
  Path target;          // made where it is missing
  std::string subpath;  // only this part: what this directory holds goes directly into the target,
                        // a file goes into it under its own name; empty: all
  std::vector<std::string> includes;  // patterns: repository/exclude.h; empty: all
  std::vector<std::string> excludes;
  Existing existing = Existing::refuse;
  Ownership ownership = Ownership::when_permitted;
  unsigned threads = 4;
  std::function<void(const RestoreProgress&)> progress;  // one call at a time
  const std::atomic<bool>* cancel = nullptr;
};

struct RestoreReport {
  std::uint64_t files = 0;
  std::uint64_t directories = 0;
  std::uint64_t others = 0;  // symlinks, fifos, sockets, devices, further names of hard links
  std::uint64_t bytes = 0;
  // What could not be restored or not be given its attributes; the rest was restored.
  std::vector<PathError> errors;
};

// An error only where nothing sensible could be done; look at report.errors too.
Result<RestoreReport> restore(Repository& repository, const Snapshot& snapshot,
                              const RestoreOptions& options);

}  // namespace bulkhead::repository
