#include "repository/difference.h"

#include <unordered_set>

#include "repository/walk.h"

namespace bulkhead::repository {
namespace {

constexpr int kDepthMax = 4096;

using BlobSet = std::unordered_set<BlobKey>;

void add_blobs(BlobSet& blobs, const Node& node) {
  for (const BlobId& id : node.content) blobs.insert({BlobType::data, id});
  if (node.subtree) blobs.insert({BlobType::tree, *node.subtree});
}

void count_node(DifferenceCounts& counts, const Node& node) {
  if (node.type == NodeType::file) ++counts.files;
  else if (node.type == NodeType::directory) ++counts.directories;
  else ++counts.others;
}

std::string shown_path(const std::string& folder, const Node& node) {
  return folder + node.name + (node.type == NodeType::directory ? "/" : "");
}

class Comparison {
 public:
  Comparison(Repository& repository, const DifferenceOptions& options,
             const std::function<Result<void>(const Difference&)>& tell)
      : repository_(repository), options_(options), tell_(tell) {}

  // `folder` ends with '/'.
  Result<void> compare(const BlobId& before, const BlobId& after, const std::string& folder,
                       int depth) {
    TRY(require_depth(folder, depth));
    const Tree old_tree = TRY_CONTEXT(repository_.load_tree(before), "folder " + folder);
    const Tree new_tree = TRY_CONTEXT(repository_.load_tree(after), "folder " + folder);
    auto old_node = old_tree.nodes.begin();
    auto new_node = new_tree.nodes.begin();
    while (old_node != old_tree.nodes.end() || new_node != new_tree.nodes.end()) {
      const bool only_old = new_node == new_tree.nodes.end() ||
                            (old_node != old_tree.nodes.end() && old_node->name < new_node->name);
      const bool only_new =
          !only_old && (old_node == old_tree.nodes.end() || new_node->name < old_node->name);
      if (only_old) {
        TRY(tell_all(*old_node++, Side::removed, folder, depth));
      } else if (only_new) {
        TRY(tell_all(*new_node++, Side::added, folder, depth));
      } else {
        TRY(compare_nodes(*old_node++, *new_node++, folder, depth));
      }
    }
    return {};
  }

  void add_roots(const BlobId& before, const BlobId& after) {
    before_.insert({BlobType::tree, before});
    after_.insert({BlobType::tree, after});
  }

  Result<DifferenceSummary> finish() {
    for (const BlobKey& key : before_) {
      if (!after_.contains(key)) TRY(count_blob(summary_.removed, key));
    }
    for (const BlobKey& key : after_) {
      if (!before_.contains(key)) TRY(count_blob(summary_.added, key));
    }
    return summary_;
  }

 private:
  enum class Side { added, removed };

  static Result<void> require_depth(const std::string& folder, int depth) {
    if (depth <= kDepthMax) return {};
    return fail(ErrorKind::limit, folder + ": folders are nested too deep");
  }

  Result<void> compare_nodes(const Node& before, const Node& after, const std::string& folder,
                             int depth) {
    add_blobs(before_, before);
    add_blobs(after_, after);
    const std::string path = shown_path(folder, after);
    Difference difference{.path = path};
    difference.type = before.type != after.type;
    difference.content = before.type == NodeType::file && after.type == NodeType::file &&
                         before.content != after.content;
    difference.metadata = options_.metadata && !difference.content && before != after;
    if (difference.content) ++summary_.changed_files;
    if (difference.type || difference.content || difference.metadata) TRY(tell_(difference));
    if (!before.subtree || !after.subtree) return {};
    if (*before.subtree == *after.subtree) return collect(*before.subtree, path, depth + 1);
    return compare(*before.subtree, *after.subtree, path, depth + 1);
  }

  // All that a folder of both holds.
  Result<void> collect(const BlobId& id, const std::string& folder, int depth) {
    TRY(require_depth(folder, depth));
    if (!collected_.insert(id).second) return {};
    const Tree tree = TRY_CONTEXT(repository_.load_tree(id), "folder " + folder);
    for (const Node& node : tree.nodes) {
      add_blobs(common_, node);
      if (node.subtree) TRY(collect(*node.subtree, shown_path(folder, node), depth + 1));
    }
    return {};
  }

  Result<void> tell_all(const Node& node, Side side, const std::string& folder, int depth) {
    TRY(require_depth(folder, depth));
    const bool added = side == Side::added;
    const std::string path = shown_path(folder, node);
    TRY(tell_({.path = path, .added = added, .removed = !added}));
    count_node(added ? summary_.added : summary_.removed, node);
    add_blobs(added ? after_ : before_, node);
    if (!node.subtree) return {};
    const Tree tree = TRY_CONTEXT(repository_.load_tree(*node.subtree), "folder " + path);
    for (const Node& below : tree.nodes) TRY(tell_all(below, side, path, depth + 1));
    return {};
  }

  Result<void> count_blob(DifferenceCounts& counts, const BlobKey& key) {
    if (common_.contains(key)) return {};
    ++(key.type == BlobType::data ? counts.data_blobs : counts.tree_blobs);
    counts.bytes += TRY(repository_.blob_size(key.type, key.id));
    return {};
  }

  Repository& repository_;
  const DifferenceOptions& options_;
  const std::function<Result<void>(const Difference&)>& tell_;
  DifferenceSummary summary_;
  BlobSet before_;
  BlobSet after_;
  BlobSet common_;
  std::unordered_set<BlobId> collected_;
};

}  // namespace

Result<DifferenceSummary> compare_snapshots(
    Repository& repository, const Snapshot& before, const Snapshot& after,
    const DifferenceOptions& options, const std::function<Result<void>(const Difference&)>& tell) {
  TRY(repository.load_index());
  const BlobId old_root = TRY(find_tree(repository, before.tree, options.before_folder));
  const BlobId new_root = TRY(find_tree(repository, after.tree, options.after_folder));
  Comparison comparison(repository, options, tell);
  comparison.add_roots(old_root, new_root);
  if (old_root != new_root) TRY(comparison.compare(old_root, new_root, "/", 0));
  return comparison.finish();
}

}  // namespace bulkhead::repository
