// The last three stages of a backup: blobs are sealed by whoever calls store(), gathered into packs
// by one thread, and saved with their index by others. Each blob is stored once, whoever asks.
#pragma once

#include <thread>
#include <unordered_set>
#include <vector>

#include "base/bounded_queue.h"
#include "base/guarded.h"
#include "repository/index.h"
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
  explicit BlobWriter(Repository& repository);
  // Stops the threads; what was not finished is not in any index.
  ~BlobWriter();

  // Hashes, and where nobody stored this blob before, compresses, seals and hands it on. Waits
  // while the packer is behind. The error is the first that any stage met. Thread-safe.
  Result<BlobId> store(BlobType type, ByteView plaintext);

  // Saves what is still open, and the index. Call once, when no store() is running.
  Result<void> finish();
  WriterStatistics statistics() const;

 private:
  struct SealedBlob {
    PackedBlob blob;
    Bytes bytes;
  };
  struct IndexState {
    std::vector<IndexedPack> packs;  // saved, and in no index file yet
    std::size_t blobs = 0;
    SteadyTime since{};
  };

  Bytes seal(PackedBlob& blob, ByteView plaintext);
  void pack_blobs();
  void save_packs();
  Result<void> save_pack(PackBuilder builder);
  Result<void> save_index();
  void report(const Error& error);
  Result<void> require_no_error() const;

  Repository& repository_;
  BoundedQueue<SealedBlob> sealed_;
  BoundedQueue<PackBuilder> full_;
  Guarded<std::unordered_set<BlobKey>> taken_;
  Guarded<WriterStatistics> statistics_;
  Guarded<IndexState> unsaved_index_;
  Guarded<std::optional<Error>> error_;
  std::thread packer_;
  std::vector<std::thread> savers_;
};

}  // namespace bulkhead::repository
