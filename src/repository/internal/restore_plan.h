// What a restore will make: gathered from the trees before anything is written.
#pragma once

#include <string>
#include <vector>

#include "repository/internal/planned_files.h"
#include "repository/repository.h"
#include "repository/restore.h"

namespace bulkhead::repository {

struct PlannedDirectory {
  std::string path;  // relative to the target
  Node node;
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
  std::vector<PlannedDirectory> directories;  // each after the one that holds it
  PlannedFiles files;
  std::vector<PlannedNode> others;
  std::vector<PlannedLink> links;        // further names of files and others
  std::vector<PlannedListing> listings;  // where something may have to be deleted

  // Relative to the target.
  std::string path_of_file(std::size_t position) const;
  std::string path_of_other(std::size_t position) const;
  std::string path_in(std::size_t folder, std::string_view name) const;
};

Result<RestorePlan> plan_restore(Repository& repository, const Snapshot& snapshot,
                                 const RestoreOptions& options);

// A part of a file, and where it lies.
struct PlannedPiece {
  std::uint32_t pack;  // position in packs
  std::uint32_t offset;
  std::uint32_t sealed_size;
  std::uint32_t raw_size;
  std::uint32_t file;  // position in files
  std::uint32_t part;  // position in the file's content
  std::uint64_t offset_in_file;
};

// What is read at once from one pack: pieces that follow each other. Those of the same blob are
// neighbours.
struct PlannedRead {
  std::size_t first;
  std::size_t count;
};

struct ContentPlan {
  std::vector<PackId> packs;
  std::vector<PlannedPiece> pieces;  // by packs and offsets
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
PackedBlob blob_of(const RestorePlan& plan, const PlannedPiece& piece);

}  // namespace bulkhead::repository
