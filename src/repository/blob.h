// Blobs: the pieces that files (data) and folders (tree) are stored in, and where packs hold them.
#pragma once

#include "repository/ids.h"

namespace bulkhead::repository {

enum class BlobType : std::uint8_t { data = 0, tree = 1 };
// "data", "tree".
std::string_view name_of(BlobType type);

// No blob that we write comes near it (chunks end at 8 MiB, trees of a million files at about
// 400 MiB); what claims more is refused before memory is taken.
inline constexpr std::uint64_t kBlobSizeMax = std::uint64_t{1} << 30;

struct BlobKey {
  BlobType type;
  BlobId id;
  auto operator<=>(const BlobKey&) const = default;
};

struct PackedBlob {
  BlobType type;
  BlobId id;
  std::uint32_t offset = 0;
  std::uint32_t sealed_size = 0;
  std::uint32_t raw_size = 0;  // of the plaintext; 0 where it is not compressed

  bool compressed() const { return raw_size != 0; }
  std::uint64_t plaintext_size() const;
  bool operator==(const PackedBlob&) const = default;
};

struct BlobLocation {
  PackId pack;
  PackedBlob blob;
};

}  // namespace bulkhead::repository

template <>
struct std::hash<bulkhead::repository::BlobKey> {
  std::size_t operator()(const bulkhead::repository::BlobKey& key) const noexcept {
    return std::hash<bulkhead::repository::BlobId>()(key.id) ^ static_cast<std::size_t>(key.type);
  }
};
