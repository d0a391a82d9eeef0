#include "repository/pack.h"

#include <fmt/format.h>

#include "base/check.h"
#include "crypto/sha256.h"
#include "repository/compression.h"

namespace bulkhead::repository {
namespace {

// Short blobs are written together.
constexpr std::size_t kBufferSize = 256 << 10;

}  // namespace
namespace {

// Types of header entries: bit 0 is the blob's type, bit 1 says that it is compressed.
constexpr std::uint8_t kEntryTree = 1;
constexpr std::uint8_t kEntryCompressed = 2;

}  // namespace

std::uint64_t pack_size_of(const std::vector<PackedBlob>& blobs) {
  std::uint64_t size = kPackFixedSize;
  for (const PackedBlob& blob : blobs) {
    size += blob.sealed_size + (blob.compressed() ? kPackEntrySizeCompressed : kPackEntrySize);
  }
  return size;
}

Bytes encode_pack_header(const std::vector<PackedBlob>& blobs) {
  Bytes header;
  header.reserve(blobs.size() * kPackEntrySizeCompressed);
  for (const PackedBlob& blob : blobs) {
    header.push_back(static_cast<std::uint8_t>((blob.type == BlobType::tree ? kEntryTree : 0) |
                                               (blob.compressed() ? kEntryCompressed : 0)));
    append_u32le(header, blob.sealed_size);
    if (blob.compressed()) append_u32le(header, blob.raw_size);
    const ByteView id = blob.id.bytes();
    header.insert(header.end(), id.begin(), id.end());
  }
  return header;
}

Result<std::vector<PackedBlob>> decode_pack_header(ByteView plaintext) {
  std::vector<PackedBlob> blobs;
  std::uint64_t offset = 0;
  while (!plaintext.empty()) {
    const std::uint8_t type = plaintext[0];
    if (type > (kEntryTree | kEntryCompressed)) {
      return fail(ErrorKind::corrupt, fmt::format("pack header has an entry of type {}", type));
    }
    const bool compressed = (type & kEntryCompressed) != 0;
    const std::size_t size = compressed ? kPackEntrySizeCompressed : kPackEntrySize;
    if (plaintext.size() < size) {
      return fail(ErrorKind::corrupt, "pack header ends within an entry");
    }
    PackedBlob blob{};
    blob.type = (type & kEntryTree) ? BlobType::tree : BlobType::data;
    blob.sealed_size = read_u32le(plaintext, 1);
    if (compressed) blob.raw_size = read_u32le(plaintext, 5);
    blob.id = BlobId::from_bytes(plaintext.subspan(size - BlobId::kSize, BlobId::kSize));
    if (blob.sealed_size < crypto::kSealOverhead || (compressed && blob.raw_size == 0)) {
      return fail(ErrorKind::corrupt, "pack header has a blob shorter than its overhead");
    }
    if (offset > UINT32_MAX) return fail(ErrorKind::corrupt, "pack header exceeds 4 GiB");
    blob.offset = static_cast<std::uint32_t>(offset);
    offset += blob.sealed_size;
    blobs.push_back(blob);
    plaintext = plaintext.subspan(size);
  }
  return blobs;
}

Result<std::vector<PackedBlob>> read_pack_header(ByteView pack, const crypto::MasterKey& key) {
  if (pack.size() < kPackFixedSize + kPackEntrySize) {
    return fail(ErrorKind::corrupt, fmt::format("pack has only {} bytes", pack.size()));
  }
  const std::uint64_t header_size = read_u32le(pack, pack.size() - 4);
  if (header_size < crypto::kSealOverhead + kPackEntrySize ||
      header_size + 4 > kPackHeaderSizeMax || header_size + 4 > pack.size()) {
    return fail(ErrorKind::corrupt,
                fmt::format("pack of {} bytes says its header has {}", pack.size(), header_size));
  }
  const std::size_t header_start = pack.size() - 4 - header_size;
  const Bytes header =
      TRY_CONTEXT(key.unseal(pack.subspan(header_start, header_size)), "pack header");
  std::vector<PackedBlob> blobs = TRY(decode_pack_header(header));
  if (pack_size_of(blobs) != pack.size()) {
    return fail(ErrorKind::corrupt, fmt::format("pack has {} bytes, its header accounts for {}",
                                                pack.size(), pack_size_of(blobs)));
  }
  return blobs;
}

namespace {

Result<void> require_id(const BlobId& id, const PackedBlob& blob) {
  if (id == blob.id) return {};
  return fail(ErrorKind::corrupt, "the content is not what its id says");
}

}  // namespace

Result<Bytes> open_blob(const crypto::MasterKey& key, const PackedBlob& blob, ByteView sealed) {
  Bytes plaintext = TRY(key.unseal(sealed));
  if (blob.compressed()) {
    if (blob.raw_size > kBlobSizeMax) return fail(ErrorKind::limit, "is larger than is accepted");
    plaintext = TRY(decompress_exactly(plaintext, blob.raw_size));
  }
  TRY(require_id(BlobId::of(plaintext), blob));
  return plaintext;
}

namespace {

// Memory for `size` bytes, kept from one blob to the next unless it was an unusual one.
MutableByteView room_in(Bytes& kept, std::size_t size) {
  constexpr std::size_t kKeptMax = 16 << 20;
  const bool unusual = kept.size() > kKeptMax && size <= kKeptMax;
  if (unusual || kept.size() < size) {
    kept = Bytes();  // given back first, so that they are not both there
    kept = Bytes(size);
  }
  return MutableByteView(kept).first(size);
}

}  // namespace

Result<ByteView> BlobOpener::open(const PackedBlob& blob, MutableByteView sealed) {
  const MutableByteView unsealed = TRY(key_.unseal_in_place(sealed));
  ByteView plaintext = unsealed;
  if (blob.compressed()) {
    if (blob.raw_size > kBlobSizeMax) return fail(ErrorKind::limit, "is larger than is accepted");
    if (const auto content = content_in_place(unsealed, blob.raw_size)) {
      plaintext = *content;
    } else {
      const MutableByteView decompressed = room_in(decompressed_, blob.raw_size);
      TRY(decompress_into(decompressed, unsealed));
      plaintext = decompressed;
    }
  }
  TRY(require_id(BlobId::of(plaintext), blob));
  return plaintext;
}

Result<void> BlobOpener::verify(const PackedBlob& blob, MutableByteView sealed) {
  const MutableByteView unsealed = TRY(key_.unseal_in_place(sealed));
  if (!blob.compressed()) return require_id(BlobId::of(unsealed), blob);
  if (blob.raw_size > kBlobSizeMax) return fail(ErrorKind::limit, "is larger than is accepted");
  if (const auto content = content_in_place(unsealed, blob.raw_size)) {
    return require_id(BlobId::of(*content), blob);
  }
  crypto::Sha256 digest;
  TRY(decompress_in_pieces(unsealed, blob.raw_size, [&](ByteView piece) { digest.update(piece); }));
  return require_id(BlobId::from_bytes(digest.finish()), blob);
}

bool PackBuilder::would_overflow(std::size_t sealed_size) const {
  return blobs_.size() >= kPackBlobsMax || size_ + sealed_size > UINT32_MAX;
}

Result<void> PackBuilder::add(const PackedBlob& blob, ByteView sealed) {
  CHECK(!would_overflow(sealed.size()));
  CHECK(blob.sealed_size == sealed.size());
  const auto offset = static_cast<std::uint32_t>(size_);
  TRY(append(sealed));
  blobs_.push_back(blob);
  blobs_.back().offset = offset;
  return {};
}

Result<void> PackBuilder::add_all(const PackBuilder& other) {
  const MappedFile written = TRY(other.file_.map());
  TRY(append(written.bytes()));
  TRY(append(other.buffer_));
  const std::uint64_t begin = size_ - other.size_;
  for (PackedBlob blob : other.blobs_) {
    blob.offset = static_cast<std::uint32_t>(begin + blob.offset);
    blobs_.push_back(blob);
  }
  return {};
}

Result<void> PackBuilder::append(ByteView bytes) {
  size_ += bytes.size();
  if (buffer_.size() + bytes.size() > kBufferSize) TRY(flush());
  if (bytes.size() < kBufferSize) {
    buffer_.reserve(kBufferSize);
    buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
    return {};
  }
  digest_.update(bytes);
  return file_.append(bytes);
}

Result<void> PackBuilder::flush() {
  digest_.update(buffer_);
  TRY(file_.append(buffer_));
  buffer_.clear();
  return {};
}

Result<PackBuilder::Finished> PackBuilder::finish(PackBuilder builder, const crypto::MasterKey& key,
                                                  Random& random) {
  CHECK(!builder.blobs_.empty());
  const Bytes header = key.seal(encode_pack_header(builder.blobs_), random);
  const auto read_back = key.unseal(header);
  CHECK(read_back && decode_pack_header(*read_back) == builder.blobs_);
  Bytes length;
  append_u32le(length, static_cast<std::uint32_t>(header.size()));
  TRY(builder.append(header));
  TRY(builder.append(length));
  TRY(builder.flush());
  CHECK(builder.file_.size() == pack_size_of(builder.blobs_));
  return Finished{PackId::from_bytes(builder.digest_.finish()), std::move(builder.blobs_),
                  std::move(builder.file_)};
}

}  // namespace bulkhead::repository
