// Trees, and the contents of files, for a mount: what was read is kept for others, small blobs come
// with their neighbours in the pack (files of one folder lie together), and what will be asked for
// next is got meanwhile. Thread-safe.
#pragma once

#include <thread>
#include <vector>

#include "base/bounded_queue.h"
#include "base/guarded.h"
#include "repository/mount/shared_cache.h"
#include "repository/repository.h"

namespace bulkhead::repository {

class BlobReader {
 public:
  BlobReader(Repository& repository, std::size_t cache_bytes);
  ~BlobReader();

  using TreePointer = std::shared_ptr<const Tree>;
  Result<TreePointer> tree(const BlobId& id);

  // Where a node stands: its folder's tree, and its position in that.
  struct Place {
    BlobId tree;
    std::size_t position = 0;
    bool operator==(const Place&) const = default;
  };
  using BlobPointer = std::shared_ptr<const Bytes>;
  // Bytes of a file where they are kept, as long as the part is.
  struct Part {
    BlobPointer blob;
    ByteView bytes;
  };
  // Up to `length` bytes at `offset`, one part after another; fewer at the file's end.
  Result<std::vector<Part>> read(const Place& place, std::uint64_t offset, std::size_t length);

 private:
  // A piece of a pack, as it is stored.
  struct Region {
    PackId pack;
    std::uint64_t number = 0;
    bool operator==(const Region&) const = default;
  };
  struct PlaceHash {
    std::size_t operator()(const Place& place) const {
      return std::hash<BlobId>()(place.tree) + place.position;
    }
    std::size_t operator()(const Region& region) const {
      return std::hash<PackId>()(region.pack) + region.number;
    }
  };
  using Ends = std::vector<std::uint64_t>;

  Result<BlobPointer> blob(const BlobId& id);
  Result<Bytes> load_blob(BlobType type, const BlobId& id);
  // `use` gets the sealed bytes, where they lie if they lie together.
  template <typename Use>
  Result<Bytes> with_sealed(const PackId& pack, const PackedBlob& blob, const Use& use);
  Result<std::shared_ptr<const Ends>> ends_of(const Place& place, const Node& file);
  // How far the files of a folder are being got that is read in order.
  struct Ahead {
    Place last;
    std::size_t until = 0;
  };
  void expect_next(const Place& place, const Tree& folder);
  void prefetch(std::vector<BlobId> ids);
  void work();

  Repository& repository_;
  SharedCache<BlobId, Tree> trees_;
  SharedCache<BlobId, Bytes> blobs_;
  SharedCache<Region, Bytes, PlaceHash> regions_;
  SharedCache<PackId, std::uint64_t> pack_sizes_;
  SharedCache<Place, Ends, PlaceHash> ends_;  // where the pieces of large files end
  Guarded<Ahead> ahead_;
  BoundedQueue<std::vector<BlobId>> wanted_;
  std::vector<std::thread> fetchers_;
};

}  // namespace bulkhead::repository
