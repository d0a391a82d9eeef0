// Which pack holds which blob: the index files of a repository, read into memory. Only what a
// stored index file says is in here, so that no snapshot can refer to a pack that readers do not
// find. Thread-safe.
#pragma once

#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "repository/blob.h"

namespace bulkhead::repository {

struct IndexedPack {
  PackId id;
  std::vector<PackedBlob> blobs;
};

// JSON text as restic writes it, with the newline.
std::string encode_index(const std::vector<IndexedPack>& packs);
// Unknown keys are ignored, as are the packs that rustic has marked for deletion.
Result<std::vector<IndexedPack>> decode_index(std::string_view text);

class Index {
 public:
  // A blob that several packs hold is found in one of them.
  void add(const IndexedPack& pack);
  std::optional<BlobLocation> find(const BlobKey& key) const;
  bool contains(const BlobKey& key) const { return find(key).has_value(); }
  std::size_t blob_count() const;
  // A retired pack is on its way out (retired_packs.h): what is in it can be read, and no new
  // snapshot should refer to it.
  void retire(const PackId& pack);
  bool reusable(const BlobKey& key) const;

  // Of the files read so far, so that load_index() reads each once.
  bool has_read(const std::string& index_name) const;
  void mark_read(const std::string& index_name);
  bool ever_loaded() const;
  void clear();

 private:
  struct Place {
    std::uint32_t pack;  // position in packs_
    std::uint32_t offset;
    std::uint32_t sealed_size;
    std::uint32_t raw_size;
  };

  mutable std::mutex mutex_;
  std::vector<PackId> packs_;
  std::unordered_map<BlobKey, Place> places_;
  std::set<PackId> retired_;
  std::set<std::string> read_;
};

}  // namespace bulkhead::repository
