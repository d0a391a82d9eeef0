// Copies blobs that are needed out of packs into new ones. Each is opened and compared with its id
// on the way, so that no damage is carried on. New packs are indexed as soon as enough of them are
// there, and so survive an interruption.
#pragma once

#include <atomic>
#include <vector>

#include "base/guarded.h"
#include "repository/index.h"
#include "repository/internal/open_packs.h"
#include "repository/pack.h"
#include "repository/repository.h"
#include "repository/stage_progress.h"

namespace bulkhead::repository {

enum class Recompress { no, yes };

struct RepackSource {
  PackId pack;
  std::vector<PackedBlob> blobs;  // those to copy, by their offsets
};

// Thread-safe but for finish().
class Repacker {
 public:
  explicit Repacker(Repository& repository, Recompress recompress = Recompress::no)
      : repository_(repository), recompress_(recompress), open_(repository) {}

  // With an error of kind corrupt or not_found, some of those that lie before the bad one: a second
  // copy of them does no harm.
  Result<void> copy(const RepackSource& source);
  // Of a pack's bytes that are at hand already.
  Result<void> copy(const RepackSource& source, ByteView pack);
  // Saves what is still open; then all that was copied is in index files.
  Result<void> finish();

 private:
  // Sealed bytes lie where they were read, unless they were sealed anew.
  struct Opened {
    PackedBlob blob;
    ByteView sealed;
    Bytes own{};
  };
  struct State {
    std::vector<IndexedPack> unindexed;
    std::size_t blobs = 0;
  };

  Result<Opened> reopen(const PackedBlob& blob, ByteView sealed) const;
  Result<void> keep(std::vector<Opened> opened);
  Result<void> save(PackBuilder builder);
  Result<void> save_index();

  Repository& repository_;
  const Recompress recompress_;
  OpenPacks open_;
  Guarded<State> state_;
};

// Works through the sources with several threads. Sources that turn out to be damaged are reported
// in `damaged`, beside their position; anything else ends it.
struct RepackOptions {
  unsigned threads = 2;
  StageObserver progress;
  const std::atomic<bool>* cancel = nullptr;
};
using DamagedSources = std::vector<std::pair<std::size_t, Error>>;
Result<DamagedSources> copy_all(Repacker& repacker, const std::vector<RepackSource>& sources,
                                const RepackOptions& options);

}  // namespace bulkhead::repository
