#include "repository/check.h"

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <thread>
#include <unordered_set>

#include <fmt/format.h>

#include "base/guarded.h"
#include "repository/index.h"
#include "repository/internal/pack_reader.h"
#include "repository/internal/pack_tail.h"

namespace bulkhead::repository {

using storage::FileType;

namespace {

constexpr int kDepthMax = 4096;
// A damaged repository must not fill the memory with what is wrong with it.
constexpr std::size_t kErrorsMax = 10'000;

struct PackSummary {
  std::uint64_t size;
  std::size_t blobs;
};
struct PendingTree {
  BlobId id;
  std::string path;
  int depth;
};

class Checker {
 public:
  Checker(Repository& repository, const CheckOptions& options)
      : repository_(repository), options_(options) {}

  Result<CheckReport> run() {
    // Before the index, so that a backup that ends meanwhile does not look like damage.
    const auto snapshots =
        TRY_CONTEXT(repository_.backend().list(FileType::snapshot), "listing snapshots");
    TRY(check_index());
    TRY(check_packs());
    for (const storage::FileInfo& info : snapshots) add_snapshot(info.name);
    check_trees();
    if (cancelled()) return fail(ErrorKind::unavailable, "the check was cancelled");
    if (options_.read_data == ReadData::yes) read_packs();
    if (cancelled()) return fail(ErrorKind::unavailable, "the check was cancelled");
    report_.trees = trees_.size();
    report_.packs = packs_.size();
    report_.blobs = repository_.index().blob_count();
    report_.errors = errors_.with([](auto& errors) { return std::move(errors); });
    broken_packs_.with([&](const std::set<PackId>& packs) {
      report_.broken_packs.assign(packs.begin(), packs.end());
    });
    return std::move(report_);
  }

 private:
  Result<void> check_index() {
    repository_.forget_index();
    const auto files =
        TRY_CONTEXT(repository_.backend().list(FileType::index), "listing the index");
    for (const storage::FileInfo& info : files) {
      const auto text = repository_.load_file({FileType::index, info.name});
      const auto packs = text ? decode_index(as_text(*text))
                              : Result<std::vector<IndexedPack>>(std::unexpected(text.error()));
      if (!packs) {
        add_error(fmt::format("index {}: {}", info.name.substr(0, 8), packs.error().message()));
        report_.index_is_damaged = true;
        continue;
      }
      repository_.index().mark_read(info.name);
      for (const IndexedPack& pack : *packs) {
        packs_.try_emplace(pack.id, PackSummary{pack_size_of(pack.blobs), pack.blobs.size()});
      }
      repository_.index().add(*packs);
    }
    return {};
  }

  Result<void> check_packs() {
    const auto files = TRY_CONTEXT(repository_.backend().list(FileType::data), "listing packs");
    std::map<PackId, std::uint64_t> present;
    for (const storage::FileInfo& info : files) {
      present[TRY(PackId::from_hex(info.name))] = info.size;
    }
    for (const auto& [id, summary] : packs_) {
      const auto at = present.find(id);
      if (at == present.end()) {
        add_pack_error(id, "is missing");
        continue;
      }
      if (at->second != summary.size) {
        add_pack_error(
            id, fmt::format("has {} bytes, the index accounts for {}", at->second, summary.size));
      }
    }
    for (const auto& [id, size] : present) {
      if (packs_.contains(id)) continue;
      report_.hints.push_back(fmt::format("pack {} is in no index", id.to_hex()));
    }
    return {};
  }

  void add_snapshot(const std::string& name) {
    ++report_.snapshots;
    const std::string context = "snapshot " + name.substr(0, 8);
    const auto text = repository_.load_file({FileType::snapshot, name});
    // Removed meanwhile, as restic's forget may do.
    if (!text && text.error().kind() == ErrorKind::not_found) return;
    const auto snapshot =
        text ? decode_snapshot(as_text(*text)) : Result<Snapshot>(std::unexpected(text.error()));
    if (!snapshot) return add_error(context + ": " + snapshot.error().message());
    pending_trees_.push_back({snapshot->tree, context, 0});
  }

  // Each tree once, whatever snapshots share it, the newest found first: few then wait.
  void check_trees() {
    on_threads([this] {
      std::unique_lock lock(trees_mutex_);
      while (true) {
        if (pending_trees_.empty()) {
          // Only who is at work on a tree finds others.
          if (trees_at_work_ == 0) break;
          trees_changed_.wait(lock);
          continue;
        }
        const PendingTree tree = std::move(pending_trees_.back());
        pending_trees_.pop_back();
        if (cancelled() || !trees_.insert(tree.id).second) continue;
        ++trees_at_work_;
        lock.unlock();
        std::vector<PendingTree> below = check_tree(tree);
        lock.lock();
        std::ranges::move(below, std::back_inserter(pending_trees_));
        --trees_at_work_;
        trees_changed_.notify_all();
      }
    });
  }

  std::vector<PendingTree> check_tree(const PendingTree& pending) {
    std::vector<PendingTree> below;
    const std::string& path = pending.path;
    if (pending.depth > kDepthMax) {
      add_error(path + ": folders are nested too deep");
      return below;
    }
    const auto tree = repository_.load_tree(pending.id);
    if (!tree) {
      add_error(fmt::format("{}: {}", path, tree.error().message()));
      return below;
    }
    for (const Node& node : tree->nodes) {
      if (node.type == NodeType::file) check_file(node, path);
      if (node.subtree) {
        below.push_back({*node.subtree, path + "/" + quote_name(node.name), pending.depth + 1});
      }
    }
    return below;
  }

  void check_file(const Node& node, const std::string& folder) {
    const auto path = [&] { return folder + "/" + quote_name(node.name); };
    std::uint64_t size = 0;
    for (const BlobId& id : node.content) {
      const auto location = repository_.index().find({BlobType::data, id});
      if (!location)
        return add_error(fmt::format("{}: blob {} is in no index", path(), id.to_hex()));
      size += location->blob.plaintext_size();
    }
    if (size == node.size) return;
    add_error(fmt::format("{}: has {} bytes, its blobs have {}", path(), node.size, size));
  }

  void read_packs() {
    std::vector<SizedPack> packs;
    for (const auto& [id, summary] : packs_) packs.push_back({id, summary.size});
    packs = choose_packs(std::move(packs), options_.subset, repository_.random());
    report_.packs_read = packs.size();
    std::atomic<std::size_t> next{0};
    progress_.with([&](CheckProgress& progress) {
      progress.packs_total = packs.size();
      for (const SizedPack& pack : packs) progress.bytes_total += pack.size;
    });
    on_threads([&] {
      PackReader reader(repository_.backend());
      BlobOpener opener(repository_.key());
      for (std::size_t at = next++; at < packs.size() && !cancelled(); at = next++) {
        const PackId& id = packs[at].id;
        const auto problem = find_problem(id, packs_.at(id), reader, opener);
        if (!problem) add_pack_error(id, ": " + problem.error().message());
        progress_.with([&](CheckProgress& progress) {
          ++progress.packs_done;
          progress.bytes_done += packs[at].size;
          if (options_.progress) options_.progress(progress);
        });
      }
    });
  }

  Result<void> find_problem(const PackId& id, const PackSummary& summary, PackReader& reader,
                            BlobOpener& opener) {
    const auto header = load_pack_header(repository_, id, summary.size);
    Result<void> problem;
    std::span<const PackedBlob> blobs;
    if (!header) {
      problem = std::unexpected(header.error());
    } else if (!as_indexed(id, summary, *header)) {
      problem = fail(ErrorKind::corrupt, "its header is not what the index says");
    } else {
      blobs = *header;
    }
    const PackId found = TRY(
        reader.read(id, summary.size, blobs, [&](const PackedBlob& blob, MutableByteView sealed) {
          const auto verified = opener.verify(blob, sealed);
          if (verified || !problem) return;
          problem = std::unexpected(verified.error().with_context(
              fmt::format("{} blob {}", name_of(blob.type), blob.id.to_hex())));
        }));
    // Says more than what else is wrong then.
    if (found != id) {
      return fail(ErrorKind::corrupt, "the file's content is not what its name says");
    }
    return problem;
  }

  bool as_indexed(const PackId& id, const PackSummary& summary,
                  const std::vector<PackedBlob>& header) {
    return header.size() == summary.blobs &&
           std::ranges::all_of(
               header, [&](const PackedBlob& blob) { return repository_.index().holds(id, blob); });
  }

  template <typename Function>
  void on_threads(const Function& function) {
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < std::max(1u, options_.threads); ++i) threads.emplace_back(function);
    for (std::thread& thread : threads) thread.join();
  }

  void add_error(std::string text) {
    errors_.with([&](std::vector<std::string>& errors) {
      if (errors.size() < kErrorsMax) errors.push_back(std::move(text));
    });
  }

  void add_pack_error(const PackId& id, const std::string& text) {
    add_error(fmt::format("pack {}{}{}", id.to_hex(), text.starts_with(':') ? "" : " ", text));
    broken_packs_.with([&](std::set<PackId>& packs) { packs.insert(id); });
  }

  bool cancelled() const { return options_.cancel && *options_.cancel; }

  Repository& repository_;
  const CheckOptions& options_;
  CheckReport report_;
  std::map<PackId, PackSummary> packs_;  // as the index tells of them
  std::mutex trees_mutex_;               // guards all of trees
  std::condition_variable trees_changed_;
  std::unordered_set<BlobId> trees_;  // seen
  std::vector<PendingTree> pending_trees_;
  std::size_t trees_at_work_ = 0;
  Guarded<std::vector<std::string>> errors_;
  Guarded<std::set<PackId>> broken_packs_;
  Guarded<CheckProgress> progress_;
};

}  // namespace

Result<CheckReport> check(Repository& repository, const CheckOptions& options) {
  Checker checker(repository, options);
  return checker.run();
}

}  // namespace bulkhead::repository
