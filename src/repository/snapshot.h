// One backup of one set of paths: the root of a tree, and who made it when. Snapshots are values;
// Repository::snapshots() lists them.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "repository/ids.h"

namespace bulkhead::repository {

struct SnapshotSummary {
  WallTime backup_start{};
  WallTime backup_end{};
  std::uint64_t files_new = 0;
  std::uint64_t files_changed = 0;
  std::uint64_t files_unmodified = 0;
  std::uint64_t dirs_new = 0;
  std::uint64_t dirs_changed = 0;
  std::uint64_t dirs_unmodified = 0;
  std::uint64_t data_blobs = 0;         // newly stored
  std::uint64_t tree_blobs = 0;         // newly stored
  std::uint64_t data_added = 0;         // bytes, before compression
  std::uint64_t data_added_packed = 0;  // bytes, as stored
  std::uint64_t total_files_processed = 0;
  std::uint64_t total_bytes_processed = 0;
};

struct Snapshot {
  SnapshotId id;  // of the stored file; not part of the text
  WallTime time{};
  std::optional<SnapshotId> parent;
  BlobId tree;
  std::vector<std::string> paths;
  std::string hostname;
  std::string username;
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::vector<std::string> excludes;
  std::vector<std::string> tags;
  std::optional<SnapshotId> original;  // that this one was made from
  std::string program_version;
  std::optional<SnapshotSummary> summary;
};

// JSON text, without the id.
std::string encode_snapshot(const Snapshot& snapshot);
Result<Snapshot> decode_snapshot(std::string_view text);

// What is empty lets all through. A snapshot must have one of the hosts, all of the paths, and, of
// at least one of the tag lists, all tags ("a,b" given once means both a and b; given twice,
// either).
struct SnapshotFilter {
  std::vector<std::string> hosts;
  std::vector<std::string> paths;
  std::vector<std::vector<std::string>> tags;
  bool matches(const Snapshot& snapshot) const;
};

// Of those that match, the newest by their own time; nullptr where there is none.
const Snapshot* latest(std::span<const Snapshot> snapshots, const SnapshotFilter& filter);

}  // namespace bulkhead::repository
