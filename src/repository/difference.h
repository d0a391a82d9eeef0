// What differs between two snapshots, in files and in stored bytes (restic's `diff`). Folders whose
// trees are equal are not compared, but what they hold is counted as common to both.
#pragma once

#include <functional>
#include <string>

#include "repository/repository.h"

namespace bulkhead::repository {

struct Difference {
  std::string path;  // with a leading '/', and one behind where it is a folder
  bool added = false;
  bool removed = false;
  // Of what both have:
  bool type = false;
  bool content = false;
  bool metadata = false;
};

struct DifferenceCounts {
  std::uint64_t files = 0;
  std::uint64_t directories = 0;
  std::uint64_t others = 0;
  std::uint64_t data_blobs = 0;
  std::uint64_t tree_blobs = 0;
  std::uint64_t bytes = 0;  // of those blobs, before compression
};

struct DifferenceSummary {
  std::uint64_t changed_files = 0;
  DifferenceCounts added;
  DifferenceCounts removed;
};

struct DifferenceOptions {
  bool metadata = false;      // tells of what differs in nothing else, too
  std::string before_folder;  // compares these folders of the snapshots; empty: their roots
  std::string after_folder;
};

// Differences are told in the order of names, folders in front of what they hold.
Result<DifferenceSummary> compare_snapshots(
    Repository& repository, const Snapshot& before, const Snapshot& after,
    const DifferenceOptions& options, const std::function<Result<void>(const Difference&)>& tell);

}  // namespace bulkhead::repository
