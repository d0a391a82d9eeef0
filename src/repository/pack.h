// A pack is a file of sealed blobs, one after another, closed by a sealed header that lists them
// and by the header's length (design.rst, "Pack Format").
#pragma once

#include <vector>

#include "base/random.h"
#include "crypto/master_key.h"
#include "crypto/sha256.h"
#include "repository/blob.h"
#include "storage/unnamed_file.h"

namespace bulkhead::repository {

// Sealed header and its length field together, as restic accepts them.
inline constexpr std::size_t kPackHeaderSizeMax = (16 << 20) + 4;
inline constexpr std::size_t kPackEntrySize = 37;
inline constexpr std::size_t kPackEntrySizeCompressed = 41;
// The length field, and the overhead of sealing the header.
inline constexpr std::size_t kPackFixedSize = 4 + crypto::kSealOverhead;
inline constexpr std::size_t kPackBlobsMax = 200'000;

// What a pack of these blobs takes, exactly.
std::uint64_t pack_size_of(const std::vector<PackedBlob>& blobs);

// The header's plaintext, and back. Offsets are implied by the order. Kind corrupt where entries
// are cut short, of an unknown type, or too small to be sealed blobs.
Bytes encode_pack_header(const std::vector<PackedBlob>& blobs);
Result<std::vector<PackedBlob>> decode_pack_header(ByteView plaintext);

// From a whole pack. Kind corrupt, too, where the blobs do not fill it exactly.
Result<std::vector<PackedBlob>> read_pack_header(ByteView pack, const crypto::MasterKey& key);

// The plaintext of one blob: unsealed, decompressed where the entry says so, and compared with its
// id (kind corrupt where any of these fails).
Result<Bytes> open_blob(const crypto::MasterKey& key, const PackedBlob& blob, ByteView sealed);

// The same for many blobs one after another, in the sealed bytes themselves and in memory that is
// kept. Not thread-safe.
class BlobOpener {
 public:
  explicit BlobOpener(const crypto::MasterKey& key) : key_(key) {}
  // Overwrites `sealed`. Valid until the next call, and as long as `sealed` is.
  Result<ByteView> open(const PackedBlob& blob, MutableByteView sealed);
  // Whether open() would succeed, without room for the plaintext.
  Result<void> verify(const PackedBlob& blob, MutableByteView sealed);

 private:
  const crypto::MasterKey& key_;
  Bytes decompressed_;  // only grows, up to a limit: what is in use of it is its beginning
};

// Gathers sealed blobs into one pack, in a file. Not thread-safe.
class PackBuilder {
 public:
  explicit PackBuilder(storage::UnnamedFile file) : file_(std::move(file)) {}

  Result<void> add(const PackedBlob& blob, ByteView sealed);
  // All that another holds.
  Result<void> add_all(const PackBuilder& other);
  // A blob of this size would not fit beside what is there.
  bool would_overflow(std::size_t sealed_size) const;
  std::uint64_t size() const { return size_; }

  struct Finished {
    PackId id;
    std::vector<PackedBlob> blobs;
    storage::UnnamedFile file;
  };
  // With a header, which is read back and compared before the pack is given out.
  static Result<Finished> finish(PackBuilder builder, const crypto::MasterKey& key, Random& random);

 private:
  Result<void> append(ByteView bytes);
  Result<void> flush();

  storage::UnnamedFile file_;
  crypto::Sha256 digest_;  // of what is in the file
  Bytes buffer_;           // what is not
  std::uint64_t size_ = 0;
  std::vector<PackedBlob> blobs_;
};

}  // namespace bulkhead::repository
