#include "repository/copy.h"

#include <algorithm>
#include <thread>
#include <unordered_set>

#include "base/guarded.h"
#include "repository/index.h"
#include "repository/internal/blob_writer.h"
#include "repository/lock.h"
#include "repository/pack.h"
#include "repository/resume.h"
#include "repository/unlock.h"

namespace bulkhead::repository {
namespace {

constexpr int kDepthMax = 4096;
constexpr std::uint64_t kReadSizeMax = 16 << 20;
constexpr std::uint64_t kReadGapMax = 128 << 10;

// Blobs that lie near each other in one pack.
struct PackRead {
  PackId pack;
  std::vector<PackedBlob> blobs;  // by their offsets
  std::uint64_t begin() const { return blobs.front().offset; }
  std::uint64_t end() const {
    return std::uint64_t{blobs.back().offset} + blobs.back().sealed_size;
  }
};

// What the snapshots need and the destination has not.
class Missing {
 public:
  Missing(Repository& source, Repository& destination)
      : source_(source), destination_(destination) {}

  Result<void> add_tree(const BlobId& id, int depth) {
    if (depth > kDepthMax) return fail(ErrorKind::limit, "folders are nested too deep");
    if (!seen_.insert({BlobType::tree, id}).second) return {};
    TRY(need({BlobType::tree, id}));
    const Tree tree = TRY(source_.load_tree(id));
    for (const Node& node : tree.nodes) {
      for (const BlobId& data : node.content) {
        const BlobKey key{BlobType::data, data};
        if (seen_.insert(key).second) TRY(need(key));
      }
      if (node.subtree) TRY(add_tree(*node.subtree, depth + 1));
    }
    return {};
  }

  std::vector<PackRead> take_reads() {
    std::ranges::sort(needed_, [](const BlobLocation& a, const BlobLocation& b) {
      return std::tie(a.pack, a.blob.offset) < std::tie(b.pack, b.blob.offset);
    });
    std::vector<PackRead> reads;
    for (const BlobLocation& location : needed_) {
      const std::uint64_t end = std::uint64_t{location.blob.offset} + location.blob.sealed_size;
      const bool joins = !reads.empty() && reads.back().pack == location.pack &&
                         location.blob.offset <= reads.back().end() + kReadGapMax &&
                         end - reads.back().begin() <= kReadSizeMax;
      if (!joins) reads.push_back({location.pack, {}});
      reads.back().blobs.push_back(location.blob);
    }
    return reads;
  }

 private:
  Result<void> need(const BlobKey& key) {
    if (destination_.index().reusable(key)) return {};
    const auto location = source_.index().find(key);
    if (!location) {
      return fail(ErrorKind::corrupt, std::string(name_of(key.type)) + " blob " +
                                          key.id.short_hex() + " is in no index of the source");
    }
    needed_.push_back(*location);
    return {};
  }

  Repository& source_;
  Repository& destination_;
  std::unordered_set<BlobKey> seen_;
  std::vector<BlobLocation> needed_;
};

class CopyRun {
 public:
  CopyRun(Repository& source, Repository& destination, const CopyOptions& options)
      : source_(source), options_(options), writer_(destination) {}

  Result<WriterStatistics> run(const std::vector<PackRead>& reads) {
    for (const PackRead& read : reads) {
      progress_.with([&](CopyProgress& progress) {
        progress.blobs_total += read.blobs.size();
        for (const PackedBlob& blob : read.blobs) progress.bytes_total += blob.sealed_size;
      });
    }
    std::atomic<std::size_t> next{0};
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < std::max(1u, options_.threads); ++i) {
      threads.emplace_back([&] {
        for (std::size_t at = next++; at < reads.size() && !stopped(); at = next++) {
          const auto copied = copy_read(reads[at]);
          if (!copied) stop_with(copied.error());
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    // What was stored is put into the index, whatever happened.
    const auto finished = writer_.finish();
    const auto error = error_.with([](auto& first) { return first; });
    if (error) return std::unexpected(*error);
    if (options_.cancel && *options_.cancel) {
      return fail(ErrorKind::unavailable, "the copy was cancelled");
    }
    TRY(finished);
    return writer_.statistics();
  }

 private:
  Result<void> copy_read(const PackRead& read) {
    const Bytes bytes =
        TRY_CONTEXT(source_.backend().load_part({storage::FileType::data, read.pack.to_hex()},
                                                read.begin(), read.end() - read.begin()),
                    "pack " + read.pack.short_hex());
    BlobWriter::Scratch scratch;
    for (const PackedBlob& blob : read.blobs) {
      if (stopped()) return {};
      const ByteView sealed = ByteView(bytes).subspan(blob.offset - read.begin(), blob.sealed_size);
      const Bytes plaintext =
          TRY_CONTEXT(open_blob(source_.key(), blob, sealed), "blob " + blob.id.short_hex());
      TRY(writer_.store(blob.type, plaintext, scratch));
      progress_.with([&](CopyProgress& progress) {
        ++progress.blobs_done;
        progress.bytes_done += blob.sealed_size;
        if (options_.progress) options_.progress(progress);
      });
    }
    return {};
  }

  void stop_with(const Error& error) {
    error_.with([&](std::optional<Error>& first) {
      if (!first) first = error;
    });
    stopping_ = true;
  }

  bool stopped() const { return stopping_ || (options_.cancel && *options_.cancel); }

  Repository& source_;
  const CopyOptions& options_;
  BlobWriter writer_;
  Guarded<CopyProgress> progress_;
  Guarded<std::optional<Error>> error_;
  std::atomic<bool> stopping_{false};
};

SnapshotId origin_of(const Snapshot& snapshot) { return snapshot.original.value_or(snapshot.id); }

// Same in all but parent, origin and what the run was like.
bool says_the_same(const Snapshot& a, const Snapshot& b) {
  return a.time == b.time && a.tree == b.tree && a.hostname == b.hostname &&
         a.username == b.username && a.uid == b.uid && a.gid == b.gid &&
         std::ranges::is_permutation(a.paths, b.paths) &&
         std::ranges::is_permutation(a.excludes, b.excludes) &&
         std::ranges::is_permutation(a.tags, b.tags);
}

const Snapshot* find_copy(const std::vector<Snapshot>& present, const Snapshot& wanted) {
  for (const Snapshot& candidate : present) {
    const bool related =
        origin_of(candidate) == origin_of(wanted) || candidate.id == origin_of(wanted);
    if (related && says_the_same(candidate, wanted)) return &candidate;
  }
  return nullptr;
}

}  // namespace

Result<CopyReport> copy_snapshots(Repository& source, Repository& destination,
                                  const std::vector<Snapshot>& snapshots,
                                  const CopyOptions& options) {
  if (source.id() == destination.id()) {
    return fail(ErrorKind::invalid, "source and destination are the same repository");
  }
  const auto source_lock = TRY_CONTEXT(Lock::shared(source), "source");
  const auto left = TRY(remove_locks(destination, LocksToRemove::stale_of_host));
  const auto lock = TRY_CONTEXT(Lock::shared(destination), "destination");
  const std::vector<Snapshot> present = TRY(destination.snapshots());
  TRY(source.load_index());
  TRY(destination.load_index());
  if (!left.empty()) TRY(adopt_unindexed_packs(destination));

  CopyReport report;
  std::vector<Snapshot> wanted;
  Missing missing(source, destination);
  for (const Snapshot& snapshot : snapshots) {
    if (const Snapshot* copy = find_copy(present, snapshot)) {
      report.snapshots.push_back({snapshot.id, copy->id, true});
      continue;
    }
    TRY_CONTEXT(missing.add_tree(snapshot.tree, 0), "snapshot " + snapshot.id.short_hex());
    wanted.push_back(snapshot);
  }
  CopyRun run(source, destination, options);
  const WriterStatistics written = TRY(run.run(missing.take_reads()));
  report.blobs = written.data_blobs + written.tree_blobs;
  report.bytes_added = written.bytes_added;
  report.bytes_packed = written.bytes_packed;
  for (Snapshot& snapshot : wanted) {
    const SnapshotId original = snapshot.id;
    snapshot.original = origin_of(snapshot);
    // The parent need not be in the destination.
    snapshot.parent.reset();
    const std::string name =
        TRY(destination.save_file(storage::FileType::snapshot, encode_snapshot(snapshot)));
    report.snapshots.push_back({original, TRY(SnapshotId::from_hex(name)), false});
  }
  return report;
}

}  // namespace bulkhead::repository
