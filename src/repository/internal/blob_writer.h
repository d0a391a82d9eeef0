// The last stages of a backup: whoever calls store() hashes, compresses and seals a blob and puts
// it into an open pack of its type; full packs are saved with their index by threads of the
// writer. Each blob is stored once, whoever asks.
#pragma once

#include <functional>
#include <semaphore>
#include <thread>
#include <unordered_set>
#include <vector>

#include "base/bounded_queue.h"
#include "base/guarded.h"
#include "repository/index.h"
#include "repository/internal/open_packs.h"
#include "repository/pack.h"
#include "repository/repository.h"

namespace bulkhead::repository {

struct WriterStatistics {
  std::uint64_t data_blobs = 0;
  std::uint64_t tree_blobs = 0;
  std::uint64_t bytes_added = 0;   // before compression
  std::uint64_t bytes_packed = 0;  // as stored
};

class BlobWriter {
 public:
  // Memory that a thread keeps from one blob to the next.
  using Scratch = Bytes;

  // `ready`, where given, is called before each index file is saved; its error is the writer's.
  explicit BlobWriter(Repository& repository, std::function<Result<void>()> ready = {});
  // Stops the threads; what was not finished is not in any index.
  ~BlobWriter();

  // Hashes, and where nobody stored this blob before, compresses, seals and hands it on. Waits
  // while too many packs wait to be saved. The error is the first that any stage met. Thread-safe;
  // each thread brings its own scratch.
  Result<BlobId> store(BlobType type, ByteView plaintext, Scratch& scratch);

  // Saves what is still open, and the index. Call once, when no store() is running.
  Result<void> finish();
  WriterStatistics statistics() const;

 private:
  struct IndexState {
    std::vector<IndexedPack> packs;  // saved, and in no index file yet
    std::size_t blobs = 0;
    SteadyTime since{};
  };

  bool take(const BlobKey& key);
  ByteView seal(PackedBlob& blob, ByteView plaintext, Scratch& scratch);
  void close(PackBuilder builder);
  void save_packs();
  Result<void> save_pack(PackBuilder builder);
  Result<void> save_index();
  void report(const Error& error);
  Result<void> require_no_error() const;

  Repository& repository_;
  const std::function<Result<void>()> ready_;
  // Blobs that no saved index file names yet.
  Guarded<std::unordered_set<BlobKey>> taken_;
  OpenPacks open_;
  std::counting_semaphore<> unsaved_packs_;  // how many more may wait or be under way
  BoundedQueue<PackBuilder> full_;
  Guarded<WriterStatistics> statistics_;
  Guarded<IndexState> unsaved_index_;
  Guarded<std::optional<Error>> error_;
  std::vector<std::thread> savers_;
};

}  // namespace bulkhead::repository
