// Folders and files of a running backup that are not finished. A folder is complete when all that
// it holds is: whoever completes the last part writes its tree, and so perhaps completes the
// folder above.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "base/file.h"
#include "base/guarded.h"
#include "repository/internal/target_tree.h"
#include "repository/tree.h"

namespace bulkhead::repository {

// A folder whose tree is not written yet.
struct PendingDirectory {
  std::shared_ptr<PendingDirectory> parent;  // none for the root
  std::size_t slot = 0;                      // of the parent's nodes
  Path path;
  std::optional<BlobId> previous;    // its tree in the parent snapshot
  std::uint64_t device = 0;          // its own file system
  std::uint64_t allowed_device = 0;  // the one that the backup keeps to, if it keeps to one
  // Whoever works on a node writes to it alone; nothing is added once the first work is handed out.
  std::vector<Node> nodes;
  std::vector<const TargetFolder*> targets;  // beside nodes; nullptr for what was found on disk
  std::vector<char> dropped;                 // nodes that could not be read
  std::vector<char> is_new;                  // files that the parent snapshot did not have
  // Parts that are not done: nodes handed out, and one for the scan of the folder itself.
  std::atomic<std::size_t> unfinished{1};

  Path source_of(std::size_t slot_of_node) const {
    const TargetFolder* const target = targets[slot_of_node];
    return target ? target->source : path / nodes[slot_of_node].name;
  }
};
using DirectoryPointer = std::shared_ptr<PendingDirectory>;

// A file of several chunks, which are on their way.
struct PendingFile {
  DirectoryPointer directory;
  std::size_t slot = 0;
  Path path;
  int stream = -1;  // is read in place of the path, where it is not -1
  // Chunks that are not stored, and one for the reader.
  std::atomic<std::size_t> unfinished{1};
  std::atomic<bool> failed{false};
  Guarded<std::vector<BlobId>> content;
};

}  // namespace bulkhead::repository
