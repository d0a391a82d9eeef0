// What a restore will make: gathered from the trees before anything is written.
#pragma once

#include <string>
#include <vector>

#include "repository/repository.h"
#include "repository/restore.h"

namespace bulkhead::repository {

inline constexpr std::size_t kTargetItself = SIZE_MAX;

struct PlannedNode {
  std::string path;  // relative to the target
  Node node;
  std::size_t folder = kTargetItself;  // that holds it: position in directories
};

struct PlannedLink {
  std::string path;
  std::size_t file;  // position in files, or in others where `special`
  bool special;
};

// All names that the snapshot has in one folder of the target, chosen or not.
struct PlannedListing {
  std::string path;                // relative to the target
  std::string snapshot_path;       // with a leading '/', or empty for the root
  bool included = false;           // all below is, unless excluded
  std::vector<std::string> names;  // ascending
};

struct RestorePlan {
  std::vector<PlannedNode> directories;  // each after the one that holds it
  std::vector<PlannedNode> files;
  std::vector<PlannedNode> others;
  std::vector<PlannedLink> links;        // further names of files and others
  std::vector<PlannedListing> listings;  // where something may have to be deleted
};

Result<RestorePlan> plan_restore(Repository& repository, const Snapshot& snapshot,
                                 const RestoreOptions& options);

// One read from one pack, and where its blobs go.
struct PlannedPiece {
  PackedBlob blob;
  struct Destination {
    std::size_t file;
    std::uint64_t offset;
  };
  std::vector<Destination> destinations;
};
struct PlannedRead {
  PackId pack;
  std::vector<PlannedPiece> pieces;  // by their offsets in the pack
};

struct ContentPlan {
  std::vector<PlannedRead> reads;
  std::vector<std::uint64_t> sizes;  // of the files, by their blobs
  // Files with a blob that no index has, which stay empty.
  std::vector<std::pair<std::size_t, Error>> incomplete;
};

// What becomes of each planned file, and which of its blobs the target has already.
struct FileFate {
  enum class Kind {
    make,    // anew, whatever is there
    update,  // by writing the blobs that are not in place
    same,    // only its metadata may differ
    keep,    // as it is
  };
  Kind kind = Kind::make;
  std::vector<bool> in_place;  // of update: by the positions of its blobs
};

// Blobs that lie near each other in a pack are read at once. No `fates`: all files are made.
Result<ContentPlan> plan_contents(Repository& repository, const RestorePlan& plan,
                                  const std::vector<FileFate>& fates = {});

}  // namespace bulkhead::repository
