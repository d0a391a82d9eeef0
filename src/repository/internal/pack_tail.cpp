#include "repository/internal/pack_tail.h"

#include <algorithm>

#include <fmt/format.h>

namespace bulkhead::repository {
namespace {

// Holds the headers of most packs, so that one request is enough.
constexpr std::uint64_t kFirstReadSize = 16 << 10;

}  // namespace

Result<std::vector<PackedBlob>> load_pack_header(Repository& repository, const PackId& id,
                                                 std::uint64_t size) {
  const storage::FileId file{storage::FileType::data, id.to_hex()};
  if (size < kPackFixedSize) return fail(ErrorKind::corrupt, "the pack is cut short");
  const std::uint64_t first = std::min(size, kFirstReadSize);
  Bytes tail = TRY(repository.backend().load_part(file, size - first, first));
  const std::uint64_t sealed_size = read_u32le(tail, tail.size() - 4);
  if (sealed_size + 4 > size || sealed_size + 4 > kPackHeaderSizeMax) {
    return fail(ErrorKind::corrupt,
                fmt::format("the pack has {} bytes, its header {}", size, sealed_size));
  }
  if (sealed_size + 4 > tail.size()) {
    tail = TRY(repository.backend().load_part(file, size - sealed_size - 4, sealed_size + 4));
  }
  const ByteView sealed =
      ByteView(tail).subspan(tail.size() - 4 - sealed_size, static_cast<std::size_t>(sealed_size));
  const Bytes plaintext = TRY_CONTEXT(repository.key().unseal(sealed), "pack header");
  std::vector<PackedBlob> blobs = TRY(decode_pack_header(plaintext));
  if (pack_size_of(blobs) != size) {
    return fail(ErrorKind::corrupt, "the pack's blobs do not fill it exactly");
  }
  return blobs;
}

}  // namespace bulkhead::repository
