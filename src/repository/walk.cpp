#include "repository/walk.h"

#include <fmt/format.h>

#include "base/text.h"
#include "repository/pack.h"

namespace bulkhead::repository {
namespace {

// No file system that we know nests deeper; ends what only an attacker would make.
constexpr int kDepthMax = 4096;

std::string join(const std::string& folder, const std::string& name) {
  return folder.empty() ? name : folder + "/" + name;
}

using Visit = std::function<Result<WalkStep>(const WalkEntry&)>;

Result<WalkStep> walk_tree(Repository& repository, const BlobId& id, const std::string& path,
                           int depth, const Visit& visit) {
  if (depth > kDepthMax) return fail(ErrorKind::limit, path + ": folders are nested too deep");
  Tree tree = TRY_CONTEXT(repository.load_tree(id), "folder /" + path);
  for (Node& node : tree.nodes) {
    const std::optional<BlobId> subtree = node.subtree;
    WalkEntry entry{join(path, node.name), std::move(node)};
    const WalkStep step = TRY(visit(entry));
    if (step == WalkStep::stop) return step;
    if (step == WalkStep::skip_subtree || !subtree) continue;
    const WalkStep below = TRY(walk_tree(repository, *subtree, entry.path, depth + 1, visit));
    if (below == WalkStep::stop) return below;
  }
  return WalkStep::go_on;
}

class Differ {
 public:
  explicit Differ(Repository& repository) : repository_(repository) {}

  Result<void> compare(const BlobId& before, const BlobId& after, const std::string& path,
                       int depth) {
    if (before == after) return {};
    if (depth > kDepthMax) return fail(ErrorKind::limit, path + ": folders are nested too deep");
    const Tree old_tree = TRY(repository_.load_tree(before));
    const Tree new_tree = TRY(repository_.load_tree(after));
    auto old_node = old_tree.nodes.begin();
    auto new_node = new_tree.nodes.begin();
    while (old_node != old_tree.nodes.end() || new_node != new_tree.nodes.end()) {
      const bool only_old = new_node == new_tree.nodes.end() ||
                            (old_node != old_tree.nodes.end() && old_node->name < new_node->name);
      if (only_old) {
        TRY(add_all(*old_node++, Change::removed, path, depth));
        continue;
      }
      if (old_node == old_tree.nodes.end() || new_node->name < old_node->name) {
        TRY(add_all(*new_node++, Change::added, path, depth));
        continue;
      }
      TRY(compare_nodes(*old_node++, *new_node++, path, depth));
    }
    return {};
  }

  std::vector<DiffEntry> take() { return std::move(entries_); }

 private:
  Result<void> add_all(const Node& node, Change change, const std::string& folder, int depth) {
    if (depth > kDepthMax) return fail(ErrorKind::limit, folder + ": folders are nested too deep");
    const std::string path = join(folder, node.name);
    const bool added = change == Change::added;
    entries_.push_back({change, path, added ? std::nullopt : std::optional(node),
                        added ? std::optional(node) : std::nullopt});
    if (!node.subtree) return {};
    const Tree tree = TRY(repository_.load_tree(*node.subtree));
    for (const Node& below : tree.nodes) TRY(add_all(below, change, path, depth + 1));
    return {};
  }

  Result<void> compare_nodes(const Node& before, const Node& after, const std::string& folder,
                             int depth) {
    const std::string path = join(folder, after.name);
    if (before.subtree.has_value() != after.subtree.has_value()) {
      TRY(add_all(before, Change::removed, folder, depth));
      return add_all(after, Change::added, folder, depth);
    }
    const bool same_content = before.type == after.type && before.content == after.content &&
                              before.link_target == after.link_target &&
                              before.device == after.device;
    const bool same_metadata = before.mode == after.mode && before.uid == after.uid &&
                               before.gid == after.gid && before.modified == after.modified &&
                               before.extended_attributes == after.extended_attributes;
    if (!same_content || !same_metadata) {
      entries_.push_back({same_content ? Change::metadata : Change::modified, path, before, after});
    }
    if (!before.subtree) return {};
    return compare(*before.subtree, *after.subtree, path, depth + 1);
  }

  Repository& repository_;
  std::vector<DiffEntry> entries_;
};

}  // namespace

Result<void> walk(Repository& repository, const BlobId& root, const Visit& visit) {
  TRY(walk_tree(repository, root, "", 0, visit));
  return {};
}

Result<Node> find_node(Repository& repository, const BlobId& root, std::string_view path) {
  std::optional<BlobId> folder = root;
  std::optional<Node> found;
  for (const std::string_view part : split(path, '/')) {
    if (part.empty()) continue;
    const Node* node = nullptr;
    Tree tree;
    if (folder) {
      tree = TRY(repository.load_tree(*folder));
      node = tree.find(part);
    }
    if (node == nullptr) {
      return fail(ErrorKind::not_found, fmt::format("the snapshot has no \"{}\"", path));
    }
    found = *node;
    folder = found->subtree;
  }
  if (!found) return fail(ErrorKind::not_found, "the root of a snapshot is no node");
  return *std::move(found);
}

Result<BlobId> find_tree(Repository& repository, const BlobId& root, std::string_view path) {
  if (path.find_first_not_of('/') == std::string_view::npos) return root;
  const Node node = TRY(find_node(repository, root, path));
  if (node.subtree) return *node.subtree;
  return fail(ErrorKind::invalid, fmt::format("\"{}\" is not a folder in the snapshot", path));
}

Result<std::vector<DiffEntry>> diff(Repository& repository, const BlobId& before,
                                    const BlobId& after) {
  Differ differ(repository);
  TRY(differ.compare(before, after, "", 0));
  return differ.take();
}

Result<Bytes> load_content(Repository& repository, const Node& file, std::uint64_t limit) {
  if (file.type != NodeType::file) {
    return fail(ErrorKind::invalid, fmt::format("\"{}\" is not a file", quote_name(file.name)));
  }
  Bytes content;
  for (const BlobId& id : file.content) {
    const std::uint64_t size = TRY(repository.blob_size(BlobType::data, id));
    if (size > limit - content.size()) {
      return fail(ErrorKind::limit,
                  fmt::format("\"{}\" has more than {} bytes", quote_name(file.name), limit));
    }
    const Bytes blob = TRY(repository.load_blob(BlobType::data, id));
    content.insert(content.end(), blob.begin(), blob.end());
  }
  return content;
}

}  // namespace bulkhead::repository
