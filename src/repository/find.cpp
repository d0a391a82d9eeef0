#include "repository/find.h"

#include <algorithm>

#include <fmt/format.h>

#include "repository/index.h"
#include "repository/internal/pack_tail.h"

namespace bulkhead::repository {
namespace {

constexpr int kDepthMax = 4096;

bool begins_with_one_of(const std::vector<std::string>& beginnings, const BlobId& id) {
  if (beginnings.empty()) return false;
  const std::string text = id.to_hex();
  return std::ranges::any_of(beginnings,
                             [&](const std::string& begin) { return text.starts_with(begin); });
}

class UseFinder {
 public:
  UseFinder(Repository& repository, const BlobsWanted& wanted,
            const std::function<Result<void>(const BlobUse&)>& tell)
      : repository_(repository), wanted_(wanted), tell_(tell) {}

  Result<void> look(const BlobId& tree_id, const std::string& folder, int depth) {
    if (depth > kDepthMax) return fail(ErrorKind::limit, folder + ": folders are nested too deep");
    const Tree tree = TRY_CONTEXT(repository_.load_tree(tree_id), "folder " + folder);
    for (const Node& node : tree.nodes) {
      const std::string path = folder + "/" + node.name;
      for (const BlobId& id : node.content) {
        if (is_wanted({BlobType::data, id})) TRY(tell_({{BlobType::data, id}, path, tree_id}));
      }
      if (!node.subtree) continue;
      const BlobKey subtree{BlobType::tree, *node.subtree};
      if (is_wanted(subtree)) TRY(tell_({subtree, path, tree_id}));
      TRY(look(*node.subtree, path, depth + 1));
    }
    return {};
  }

  bool is_wanted(const BlobKey& key) const {
    const bool data = key.type == BlobType::data;
    return wanted_.keys.contains(key) ||
           begins_with_one_of(data ? wanted_.data : wanted_.trees, key.id);
  }

 private:
  Repository& repository_;
  const BlobsWanted& wanted_;
  const std::function<Result<void>(const BlobUse&)>& tell_;
};

Result<FoundPack> find_pack_in_index(Repository& repository, const std::string& beginning) {
  for (const storage::FileInfo& file : TRY(repository.backend().list(storage::FileType::index))) {
    const Bytes text = TRY(repository.load_file({storage::FileType::index, file.name}));
    for (IndexedPack& pack : TRY(decode_index(as_text(text)))) {
      if (pack.id.to_hex().starts_with(beginning)) return FoundPack{pack.id, std::move(pack.blobs)};
    }
  }
  return fail(ErrorKind::not_found, fmt::format("there is no pack \"{}\"", beginning));
}

}  // namespace

PathFinder::PathFinder(Repository& repository, const FindOptions& options)
    : repository_(repository),
      options_(options),
      patterns_(options.patterns, options.patterns_any_case) {}

bool PathFinder::fits(const WalkEntry& entry) const {
  if (options_.oldest && entry.node.modified < *options_.oldest) return false;
  if (options_.newest && entry.node.modified > *options_.newest) return false;
  return patterns_.match("/" + entry.path);
}

Result<bool> PathFinder::look(const BlobId& tree_id, const std::string& path, int depth,
                              const Tell& tell) {
  if (depth > kDepthMax) return fail(ErrorKind::limit, path + ": folders are nested too deep");
  const std::pair key{path, tree_id};
  if (without_match_.contains(key)) return false;
  Tree tree = TRY_CONTEXT(repository_.load_tree(tree_id), "folder /" + path);
  bool any = false;
  for (Node& node : tree.nodes) {
    const std::optional<BlobId> subtree = node.subtree;
    const WalkEntry entry{path.empty() ? node.name : path + "/" + node.name, std::move(node)};
    if (fits(entry)) {
      any = true;
      TRY(tell(entry));
    }
    const std::string shown = "/" + entry.path;
    if (!subtree || !(patterns_.match(shown) || patterns_.could_match_below(shown))) continue;
    const bool below = TRY(look(*subtree, entry.path, depth + 1, tell));
    any = any || below;
  }
  if (!any) without_match_.insert(key);
  return any;
}

Result<void> PathFinder::find(const Snapshot& snapshot, const Tell& tell) {
  TRY(look(snapshot.tree, "", 0, tell));
  return {};
}

Result<void> find_uses(Repository& repository, const Snapshot& snapshot, const BlobsWanted& wanted,
                       const std::function<Result<void>(const BlobUse&)>& tell) {
  UseFinder finder(repository, wanted, tell);
  const BlobKey root{BlobType::tree, snapshot.tree};
  if (finder.is_wanted(root)) TRY(tell({root, "/", snapshot.tree}));
  return finder.look(snapshot.tree, "", 0);
}

Result<FoundPack> find_pack(Repository& repository, const std::string& beginning) {
  for (const storage::FileInfo& file : TRY(repository.backend().list(storage::FileType::data))) {
    if (!file.name.starts_with(beginning)) continue;
    const PackId id = TRY(PackId::from_hex(file.name));
    auto blobs = load_pack_header(repository, id, file.size);
    if (blobs) return FoundPack{id, *std::move(blobs)};
  }
  return find_pack_in_index(repository, beginning);
}

}  // namespace bulkhead::repository
