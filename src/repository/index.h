// Which pack holds which blob: the index files of a repository, read into memory. Only what a
// stored index file says is in here, so that no snapshot can refer to a pack that readers do not
// find. Thread-safe.
#pragma once

#include <memory>
#include <optional>
#include <shared_mutex>
#include <span>
#include <string>
#include <vector>

#include "base/file.h"
#include "crypto/master_key.h"
#include "repository/blob.h"

namespace bulkhead::repository {

// An index file is closed at so many blobs, which is half of restic's: while it is written, its
// text and what it is compressed to are in memory at once.
inline constexpr std::size_t kIndexBlobsMax = 25'000;

struct IndexedPack {
  PackId id;
  std::vector<PackedBlob> blobs;
};

// JSON text as restic writes it, with the newline.
std::string encode_index(const std::vector<IndexedPack>& packs);
// Unknown keys are ignored, as are the packs that rustic has marked for deletion.
Result<std::vector<IndexedPack>> decode_index(std::string_view text);

// Sorted tables (internal/blob_table.h), each at least twice as large as the next, and a small map
// of what was added one by one: at most 48 bytes a blob, of which a cached index has none in memory
// that is its own.
class Index {
 public:
  Index();
  ~Index();

  void add(const IndexedPack& pack);
  void add(std::span<const IndexedPack> packs);
  // A blob that several packs hold is found in one of them, rather in one that is not retired.
  std::optional<BlobLocation> find(const BlobKey& key) const;
  bool contains(const BlobKey& key) const { return find(key).has_value(); }
  // A retired pack is on its way out (retired_packs.h): what is in it can be read, and no new
  // snapshot should refer to it.
  void retire(const PackId& pack);
  bool reusable(const BlobKey& key) const;
  // This very place, though find() may answer another.
  bool holds(const PackId& pack, const PackedBlob& blob) const;
  // With those that several packs hold once for each.
  std::size_t blob_count() const;

  // Of the files read so far, so that load_index() reads each once.
  bool has_read(const std::string& index_name) const;
  void mark_read(const std::string& index_name);
  bool ever_loaded() const;
  void clear();

  // Takes from the cache what was read of these index files before, if it is nothing but that; and
  // writes the cache anew, where enough was added to be worth it. The folder is the repository's
  // own. Errors are logged: without a cache everything is only slower.
  void load_cache(const Path& folder, const crypto::MasterKey& key,
                  const std::vector<std::string>& index_names);
  void save_cache(const Path& folder, const crypto::MasterKey& key);

 private:
  struct State;
  mutable std::shared_mutex mutex_;
  std::unique_ptr<State> state_;
};

}  // namespace bulkhead::repository
