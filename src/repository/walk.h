// Looking into snapshots: nodes one by one, one node by its path, and what differs between two.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "repository/repository.h"

namespace bulkhead::repository {

// A path in a snapshot has '/' between raw names and none at its start: "data/ports.csv".
struct WalkEntry {
  std::string path;
  Node node;
};

enum class WalkStep { go_on, skip_subtree, stop };

// Each node before what it holds, in the order of names.
Result<void> walk(Repository& repository, const BlobId& root,
                  const std::function<Result<WalkStep>(const WalkEntry&)>& visit);

// Kind not_found where the snapshot has no such path. A leading '/' is allowed; "" and "/" find no
// node, since a root has none: see find_tree().
Result<Node> find_node(Repository& repository, const BlobId& root, std::string_view path);
// The tree at a directory's path, the root itself for "" and "/".
Result<BlobId> find_tree(Repository& repository, const BlobId& root, std::string_view path);

enum class Change { added, removed, modified, metadata };

struct DiffEntry {
  Change change;
  std::string path;
  // modified: the content (or the type, or the link's target) differs; metadata: only mode, owner,
  // times or attributes do. Access and change times, inode and device are not looked at.
  std::optional<Node> before;
  std::optional<Node> after;
};

// Everything below an added or removed directory is listed too. Equal subtrees are not loaded.
Result<std::vector<DiffEntry>> diff(Repository& repository, const BlobId& before,
                                    const BlobId& after);

// The whole content of one file; more than `limit` bytes is of kind limit.
Result<Bytes> load_content(Repository& repository, const Node& file, std::uint64_t limit);

}  // namespace bulkhead::repository
