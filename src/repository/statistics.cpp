#include "repository/statistics.h"

#include <map>
#include <set>
#include <unordered_set>

#include <fmt/format.h>

#include "crypto/sha256.h"
#include "repository/index.h"
#include "repository/walk.h"

namespace bulkhead::repository {
namespace {

constexpr int kDepthMax = 4096;
constexpr std::string_view kModeNames[] = {"restore-size", "files-by-contents", "blobs-per-file",
                                           "raw-data"};

class Counter {
 public:
  Counter(Repository& repository, CountMode mode) : repository_(repository), mode_(mode) {}

  Result<void> add(const Snapshot& snapshot) {
    ++statistics_.snapshots;
    inodes_.clear();
    return mode_ == CountMode::raw_data ? add_blobs(snapshot.tree, 0)
                                        : add_tree(snapshot.tree, "", 0);
  }

  Statistics take() const { return statistics_; }

 private:
  static Result<void> require_depth(int depth) {
    if (depth <= kDepthMax) return {};
    return fail(ErrorKind::limit, "folders are nested too deep");
  }

  Result<void> add_tree(const BlobId& id, const std::string& folder, int depth) {
    TRY(require_depth(depth));
    const Tree tree = TRY_CONTEXT(repository_.load_tree(id), "folder " + folder + "/");
    for (const Node& node : tree.nodes) {
      const std::string path = folder + "/" + node.name;
      if (mode_ == CountMode::restore_size) add_restored(node);
      else if (node.type == NodeType::file) TRY(add_unique(node, path));
      if (node.subtree) TRY(add_tree(*node.subtree, path, depth + 1));
    }
    return {};
  }

  void add_restored(const Node& node) {
    ++statistics_.files;
    const bool linked = node.links > 1 && node.inode != 0;
    if (linked && !inodes_.insert({node.device_id, node.inode}).second) return;
    statistics_.bytes += node.size;
  }

  Result<void> add_unique(const Node& node, const std::string& path) {
    crypto::Sha256 contents;
    for (const BlobId& id : node.content) contents.update(id.bytes());
    if (!contents_.insert(BlobId(contents.finish())).second) return {};
    if (mode_ == CountMode::files_by_contents) {
      ++statistics_.files;
      statistics_.bytes += node.size;
      return {};
    }
    if (node.content.empty()) return {};
    const auto [blobs, added] = blobs_of_paths_.try_emplace(path);
    if (added) ++statistics_.files;
    for (const BlobId& id : node.content) {
      if (!blobs->second.insert(id).second) continue;
      ++statistics_.blobs;
      statistics_.bytes += TRY(repository_.blob_size(BlobType::data, id));
    }
    return {};
  }

  Result<void> add_blobs(const BlobId& id, int depth) {
    TRY(require_depth(depth));
    if (!TRY(add_blob({BlobType::tree, id}))) return {};
    const Tree tree = TRY(repository_.load_tree(id));
    for (const Node& node : tree.nodes) {
      for (const BlobId& data : node.content) TRY(add_blob({BlobType::data, data}));
      if (node.subtree) TRY(add_blobs(*node.subtree, depth + 1));
    }
    return {};
  }

  // Whether it is new.
  Result<bool> add_blob(const BlobKey& key) {
    if (!blobs_.insert(key).second) return false;
    const auto location = repository_.index().find(key);
    if (!location) {
      return fail(ErrorKind::corrupt,
                  fmt::format("{} blob {} is in no index", name_of(key.type), key.id.short_hex()));
    }
    ++statistics_.blobs;
    statistics_.bytes += location->blob.sealed_size;
    statistics_.uncompressed_bytes += location->blob.plaintext_size();
    if (location->blob.compressed()) {
      statistics_.compressed_bytes += location->blob.sealed_size;
      statistics_.bytes_if_uncompressed += location->blob.plaintext_size() + crypto::kSealOverhead;
    }
    return true;
  }

  Repository& repository_;
  const CountMode mode_;
  Statistics statistics_;
  std::set<std::pair<std::uint64_t, std::uint64_t>> inodes_;
  std::unordered_set<BlobId> contents_;  // by the digest of the list of blobs
  std::map<std::string, std::unordered_set<BlobId>> blobs_of_paths_;
  std::unordered_set<BlobKey> blobs_;
};

}  // namespace

std::string_view name_of(CountMode mode) { return kModeNames[static_cast<std::size_t>(mode)]; }

Result<CountMode> parse_count_mode(std::string_view text) {
  for (std::size_t i = 0; i < std::size(kModeNames); ++i) {
    if (text == kModeNames[i]) return static_cast<CountMode>(i);
  }
  return fail(ErrorKind::invalid,
              fmt::format("a mode is restore-size, files-by-contents, blobs-per-file or raw-data, "
                          "not \"{}\"",
                          text));
}

Result<Statistics> count(Repository& repository, const std::vector<Snapshot>& snapshots,
                         CountMode mode) {
  TRY(repository.load_index());
  Counter counter(repository, mode);
  for (const Snapshot& snapshot : snapshots) {
    TRY_CONTEXT(counter.add(snapshot), "snapshot " + snapshot.id.short_hex());
  }
  return counter.take();
}

}  // namespace bulkhead::repository
