// Finding in snapshots (restic's `find`): files by patterns and times, and who uses a blob, a tree
// or a pack.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <unordered_set>
#include <vector>

#include "repository/exclude.h"
#include "repository/walk.h"

namespace bulkhead::repository {

struct FindOptions {
  std::vector<std::string> patterns;  // repository/exclude.h; what lies below a match matches too
  std::vector<std::string> patterns_any_case;
  std::optional<WallTime> oldest;  // by modification time, both inclusive
  std::optional<WallTime> newest;
};

// Remembers folders without a match, so that looking through many snapshots costs little more than
// what differs between them. Not thread-safe.
class PathFinder {
 public:
  PathFinder(Repository& repository, const FindOptions& options);
  Result<void> find(const Snapshot& snapshot,
                    const std::function<Result<void>(const WalkEntry&)>& tell);

 private:
  using Tell = std::function<Result<void>(const WalkEntry&)>;
  Result<bool> look(const BlobId& tree, const std::string& path, int depth, const Tell& tell);
  bool fits(const WalkEntry& entry) const;

  Repository& repository_;
  const FindOptions options_;
  const PathPatterns patterns_;
  // Of folders, by path and tree: whether a pattern fits may depend on either.
  std::set<std::pair<std::string, BlobId>> without_match_;
};

struct BlobUse {
  BlobKey blob;
  std::string path;    // of the file or folder, with a leading '/'
  BlobId parent_tree;  // the folder that names it; of a snapshot's root the root itself
};

struct BlobsWanted {
  // Beginnings of ids, of at least one digit.
  std::vector<std::string> data;
  std::vector<std::string> trees;
  std::unordered_set<BlobKey> keys;
};

// Each use of a wanted blob in one snapshot.
Result<void> find_uses(Repository& repository, const Snapshot& snapshot, const BlobsWanted& wanted,
                       const std::function<Result<void>(const BlobUse&)>& tell);

struct FoundPack {
  PackId id;
  std::vector<PackedBlob> blobs;
};
// By the beginning of its id; from its own header, or where the file is gone, from the index.
Result<FoundPack> find_pack(Repository& repository, const std::string& beginning);

}  // namespace bulkhead::repository
