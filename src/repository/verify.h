// Compares a folder with a snapshot: every file's content by its digests, which needs no download,
// and links' targets, types, sizes; and, where wanted, modes, times and owners.
#pragma once

#include <atomic>
#include <string>
#include <vector>

#include "base/file.h"
#include "repository/repository.h"

namespace bulkhead::repository {

enum class Mismatch {
  missing,
  unexpected,
  type,
  size,
  content,
  link_target,
  mode,
  time,
  owner,
  unreadable
};
// "missing", "unexpected" and so on.
std::string_view name_of(Mismatch mismatch);

struct VerifyOptions {
  Path target;
  std::string subpath;   // as in RestoreOptions
  bool metadata = true;  // modes and modification times
  bool owners = false;
  bool unexpected = true;  // reports what is in the folder and not in the snapshot
  const std::atomic<bool>* cancel = nullptr;
};

struct VerifyMismatch {
  std::string path;
  Mismatch mismatch;
  std::string detail;
};

struct VerifyReport {
  std::uint64_t files_checked = 0;
  std::uint64_t bytes_checked = 0;
  std::vector<VerifyMismatch> mismatches;
};

Result<VerifyReport> verify(Repository& repository, const Snapshot& snapshot,
                            const VerifyOptions& options);

}  // namespace bulkhead::repository
