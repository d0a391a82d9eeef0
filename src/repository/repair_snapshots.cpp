#include <algorithm>
#include <optional>
#include <unordered_set>

#include <fmt/format.h>

#include "repository/index.h"
#include "repository/internal/blob_writer.h"
#include "repository/lock.h"
#include "repository/repair.h"

namespace bulkhead::repository {

using storage::FileType;

namespace {

constexpr int kDepthMax = 4096;
constexpr std::size_t kLossesMax = 1000;
constexpr std::string_view kRepairedTag = "repaired";

class SnapshotRepair {
 public:
  SnapshotRepair(Repository& repository, const RepairSnapshotsOptions& options)
      : repository_(repository), options_(options) {
    if (options.dry_run == DryRun::no) writer_.emplace(repository);
  }

  Result<RepairSnapshotsReport> run() {
    const auto files =
        TRY_CONTEXT(repository_.backend().list(FileType::snapshot), "listing snapshots");
    TRY(repository_.load_index());
    StageProgress progress{
        .stage = "checking snapshots", .things = "snapshots", .total = files.size()};
    for (const storage::FileInfo& info : files) {
      // No snapshot was made yet; trees that were stored go with the next prune.
      if (options_.cancel && *options_.cancel) return fail(ErrorKind::unavailable, "cancelled");
      TRY(check(info.name));
      ++progress.done;
      if (options_.progress) options_.progress(progress);
    }
    if (!writer_) return std::move(report_);
    // Trees before the snapshots that name them.
    TRY(writer_->finish());
    for (auto& [snapshot, repaired] : made_) TRY(save(snapshot, repaired));
    return std::move(report_);
  }

 private:
  struct Losses {
    std::vector<std::string> texts;
    void add(std::string text) {
      if (texts.size() < kLossesMax) texts.push_back(std::move(text));
    }
  };

  Result<void> check(const std::string& name) {
    const SnapshotId id = TRY(SnapshotId::from_hex(name));
    const bool named = options_.snapshots.empty() ||
                       std::ranges::find(options_.snapshots, id) != options_.snapshots.end();
    if (!named) return {};
    const auto text = repository_.load_file({FileType::snapshot, name});
    if (!text && text.error().kind() == ErrorKind::not_found) return {};
    auto snapshot =
        text ? decode_snapshot(as_text(*text)) : Result<Snapshot>(std::unexpected(text.error()));
    if (!snapshot && snapshot.error().kind() != ErrorKind::corrupt) {
      return std::unexpected(snapshot.error());
    }
    if (!snapshot) {
      report_.unreadable.push_back(fmt::format("{}: {}", name, snapshot.error().message()));
      return {};
    }
    snapshot->id = id;
    if (!options_.filter.matches(*snapshot)) return {};
    ++report_.checked;
    Losses losses;
    const auto tree = TRY(mend_tree(snapshot->tree, "", 0, losses));
    if (tree == snapshot->tree) return {};
    RepairSnapshotsReport::Repaired repaired{id, std::nullopt, std::move(losses.texts)};
    if (!writer_ || !tree) {
      report_.repaired.push_back(std::move(repaired));
      return {};
    }
    snapshot->tree = *tree;
    made_.emplace_back(*std::move(snapshot), std::move(repaired));
    return {};
  }

  // The tree itself where it lacks nothing, another where it does, nothing where it cannot be read.
  Result<std::optional<BlobId>> mend_tree(const BlobId& id, const std::string& path, int depth,
                                          Losses& losses) {
    if (depth > kDepthMax) return fail(ErrorKind::limit, path + ": folders are nested too deep");
    if (whole_.contains(id)) return std::optional(id);
    auto tree = repository_.load_tree(id);
    if (!tree) {
      const ErrorKind kind = tree.error().kind();
      if (kind != ErrorKind::not_found && kind != ErrorKind::corrupt) {
        return std::unexpected(tree.error());
      }
      losses.add(fmt::format("{}/: the folder is lost: {}", path, tree.error().message()));
      return std::optional<BlobId>();
    }
    bool changed = false;
    for (Node& node : tree->nodes) {
      const std::string below = path + "/" + quote_name(node.name);
      if (node.type == NodeType::file) changed = mend_file(node, below, losses) || changed;
      if (!node.subtree) continue;
      auto mended = TRY(mend_tree(*node.subtree, below, depth + 1, losses));
      if (!mended) mended = TRY(store(Tree{}));
      changed = changed || mended != node.subtree;
      node.subtree = mended;
    }
    if (!changed) {
      whole_.insert(id);
      return std::optional(id);
    }
    return std::optional(TRY(store(*tree)));
  }

  bool mend_file(Node& node, const std::string& path, Losses& losses) {
    std::vector<BlobId> there;
    std::uint64_t size = 0;
    for (const BlobId& id : node.content) {
      const auto location = repository_.index().find({BlobType::data, id});
      if (!location) continue;
      size += location->blob.plaintext_size();
      there.push_back(id);
    }
    const std::size_t lost = node.content.size() - there.size();
    if (lost == 0 && size == node.size) return false;
    losses.add(lost == 0 ? fmt::format("{}: has {} bytes, not {}", path, size, node.size)
                         : fmt::format("{}: {} of {} pieces are missing", path, lost,
                                       node.content.size()));
    node.content = std::move(there);
    node.size = size;
    return true;
  }

  Result<BlobId> store(const Tree& tree) {
    const std::string text = encode_tree(tree, TreeTimes::local);
    if (!writer_) return BlobId::of(as_bytes(text));
    return writer_->store(BlobType::tree, as_bytes(text), scratch_);
  }

  Result<void> save(Snapshot& snapshot, RepairSnapshotsReport::Repaired& repaired) {
    if (!snapshot.original) snapshot.original = snapshot.id;
    snapshot.parent.reset();
    if (std::ranges::find(snapshot.tags, kRepairedTag) == snapshot.tags.end()) {
      snapshot.tags.emplace_back(kRepairedTag);
    }
    const std::string name =
        TRY(repository_.save_file(FileType::snapshot, encode_snapshot(snapshot)));
    repaired.after = TRY(SnapshotId::from_hex(name));
    if (options_.forget) {
      TRY_CONTEXT(repository_.backend().remove({FileType::snapshot, repaired.before.to_hex()}),
                  "removing snapshot " + repaired.before.short_hex());
    }
    report_.repaired.push_back(std::move(repaired));
    return {};
  }

  Repository& repository_;
  const RepairSnapshotsOptions& options_;
  std::optional<BlobWriter> writer_;
  BlobWriter::Scratch scratch_;
  std::unordered_set<BlobId> whole_;
  std::vector<std::pair<Snapshot, RepairSnapshotsReport::Repaired>> made_;
  RepairSnapshotsReport report_;
};

}  // namespace

Result<RepairSnapshotsReport> repair_snapshots(Repository& repository,
                                               const RepairSnapshotsOptions& options) {
  const auto lock = TRY(Lock::shared(repository, kPurposePrune));
  return SnapshotRepair(repository, options).run();
}

}  // namespace bulkhead::repository
