#include "repository/internal/tree_walk.h"

#include <condition_variable>
#include <mutex>
#include <thread>

#include <fmt/format.h>

#include "repository/pack.h"

namespace bulkhead::repository {
namespace {

class TreeWalk {
 public:
  TreeWalk(Repository& repository, std::span<PackInventory* const> inventories,
           const TreeWalkOptions& options)
      : repository_(repository), inventories_(inventories), options_(options) {}

  Result<void> run(std::span<const Snapshot> snapshots) {
    for (const Snapshot& snapshot : snapshots) {
      TRY_CONTEXT(reach(BlobType::tree, snapshot.tree), "snapshot " + snapshot.id.short_hex());
    }
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < std::max(1u, options_.threads); ++i) {
      threads.emplace_back([this] { work(); });
    }
    for (std::thread& thread : threads) thread.join();
    if (error_) return std::unexpected(*error_);
    if (options_.cancel && *options_.cancel) return fail(ErrorKind::unavailable, "cancelled");
    return {};
  }

 private:
  struct Place {
    PackId pack;
    PackedBlob blob;
  };

  void work() {
    while (const auto tree = next()) {
      const auto done = read(*tree);
      const std::lock_guard lock(mutex_);
      --working_;
      ++done_;
      tell();
      if (!done && !error_) error_ = done.error();
      changed_.notify_all();
    }
  }

  std::optional<Place> next() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return !waiting_.empty() || working_ == 0 || error_; });
    if (error_ || waiting_.empty() || (options_.cancel && *options_.cancel)) return std::nullopt;
    const Place place = waiting_.back();
    waiting_.pop_back();
    ++working_;
    return place;
  }

  // Called with the mutex held.
  void tell() const {
    if (!options_.progress) return;
    options_.progress({.stage = "walking snapshots",
                       .things = "folders",
                       .done = done_,
                       .total = done_ + working_ + waiting_.size(),
                       .total_known = false});
  }

  Result<void> read(const Place& place) {
    const std::string context = "tree " + place.blob.id.short_hex();
    const Bytes sealed =
        TRY_CONTEXT(repository_.backend().load_part({storage::FileType::data, place.pack.to_hex()},
                                                    place.blob.offset, place.blob.sealed_size),
                    context);
    const Bytes text = TRY_CONTEXT(open_blob(repository_.key(), place.blob, sealed), context);
    const Tree tree = TRY_CONTEXT(decode_tree(as_text(text)), context);
    for (const Node& node : tree.nodes) {
      for (const BlobId& id : node.content) TRY_CONTEXT(reach(BlobType::data, id), context);
      if (node.subtree) TRY_CONTEXT(reach(BlobType::tree, *node.subtree), context);
    }
    return {};
  }

  Result<void> reach(BlobType type, const BlobId& id) {
    for (PackInventory* inventory : inventories_) {
      CopyTable& table = inventory->table();
      const CopyTable::Range range = table.find({type, id});
      if (range.empty()) continue;
      if (!table.claim(range) || type == BlobType::data) return {};
      // From whichever copy is there; prune decides later which one stays.
      std::size_t from = range.begin;
      while (from + 1 < range.end && !inventory->packs()[table.at(from).pack()].present) ++from;
      const CopyTable::Copy& copy = table.at(from);
      if (!inventory->packs()[copy.pack()].present) {
        return fail(ErrorKind::corrupt,
                    fmt::format("pack {} is missing, and holds tree {}; nothing was removed. Run "
                                "repair packs",
                                inventory->packs()[copy.pack()].id.to_hex(), id.short_hex()));
      }
      const std::lock_guard lock(mutex_);
      waiting_.push_back({inventory->packs()[copy.pack()].id, copy.blob()});
      changed_.notify_one();
      return {};
    }
    return fail(ErrorKind::corrupt,
                fmt::format("refers to {} blob {}, which is in no index; nothing was removed. "
                            "Run check, then repair",
                            name_of(type), id.to_hex()));
  }

  Repository& repository_;
  const std::span<PackInventory* const> inventories_;
  const TreeWalkOptions& options_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Place> waiting_;
  unsigned working_ = 0;
  std::uint64_t done_ = 0;
  std::optional<Error> error_;
};

}  // namespace

Result<void> claim_reachable(Repository& repository, std::span<PackInventory* const> inventories,
                             std::span<const Snapshot> snapshots, const TreeWalkOptions& options) {
  return TreeWalk(repository, inventories, options).run(snapshots);
}

}  // namespace bulkhead::repository
