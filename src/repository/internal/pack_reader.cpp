#include "repository/internal/pack_reader.h"

#include <algorithm>

#include "crypto/sha256.h"

namespace bulkhead::repository {
namespace {

// Large enough to be worth a request.
constexpr std::size_t kWindowSize = 4 << 20;

}  // namespace

Result<PackId> PackReader::read(const PackId& pack, std::uint64_t size,
                                std::span<const PackedBlob> blobs, const Take& take) {
  const storage::FileId file{storage::FileType::data, pack.to_hex()};
  crypto::Sha256 digest;
  std::uint64_t begin = 0;  // of the window, in the pack
  std::uint64_t end = 0;    // of what was read
  while (end < size) {
    // What began in the last piece and ends in the next.
    const std::uint64_t kept_from =
        blobs.empty() ? end : std::min<std::uint64_t>(end, blobs.front().offset);
    const auto kept = static_cast<std::size_t>(end - kept_from);
    const auto at = window_.begin() + static_cast<std::ptrdiff_t>(kept_from - begin);
    std::copy(at, at + static_cast<std::ptrdiff_t>(kept), window_.begin());
    begin = kept_from;
    const std::size_t needed = blobs.empty() ? 0 : blobs.front().sealed_size;
    if (window_.size() < std::max(kWindowSize, needed))
      window_.resize(std::max(kWindowSize, needed));

    const MutableByteView room = MutableByteView(window_).subspan(kept);
    const MutableByteView piece = room.first(std::min<std::uint64_t>(room.size(), size - end));
    TRY(backend_.load_part_into(file, end, piece));
    digest.update(piece);
    end += piece.size();
    for (; !blobs.empty(); blobs = blobs.subspan(1)) {
      const PackedBlob& blob = blobs.front();
      if (std::uint64_t{blob.offset} + blob.sealed_size > end) break;
      take(blob, MutableByteView(window_).subspan(blob.offset - begin, blob.sealed_size));
    }
  }
  return PackId::from_bytes(digest.finish());
}

}  // namespace bulkhead::repository
