// Names of things in a repository: SHA-256 digests, one type for each kind so that they cannot be
// mistaken for each other. A blob's id is the digest of its plaintext; a file's (pack, snapshot,
// index, key, lock) that of its stored bytes.
#pragma once

#include <array>
#include <compare>
#include <cstring>
#include <functional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/hex.h"
#include "base/result.h"
#include "crypto/sha256.h"

namespace bulkhead::repository {

template <typename Tag>
class Id {
 public:
  static constexpr std::size_t kSize = 32;

  Id() = default;
  explicit Id(const crypto::Sha256Digest& digest) : digest_(digest) {}
  static Id of(ByteView content) { return Id(crypto::sha256(content)); }
  static Id from_bytes(ByteView bytes);
  // 64 lower-case hexadecimal digits; kind invalid otherwise.
  static Result<Id> from_hex(std::string_view text);

  ByteView bytes() const { return digest_; }
  std::string to_hex() const { return bulkhead::to_hex(digest_); }
  // The first eight digits, as restic prints.
  std::string short_hex() const { return to_hex().substr(0, 8); }

  auto operator<=>(const Id&) const = default;

 private:
  crypto::Sha256Digest digest_{};
};

template <typename Tag>
Id<Tag> Id<Tag>::from_bytes(ByteView bytes) {
  Id id;
  std::memcpy(id.digest_.data(), bytes.data(), kSize);
  return id;
}

template <typename Tag>
Result<Id<Tag>> Id<Tag>::from_hex(std::string_view text) {
  Id id;
  if (read_hex(text, id.digest_)) return id;
  return fail(ErrorKind::invalid, "an id has 64 hexadecimal digits");
}

using BlobId = Id<struct BlobTag>;
using PackId = Id<struct PackTag>;
using SnapshotId = Id<struct SnapshotTag>;
using IndexId = Id<struct IndexTag>;

}  // namespace bulkhead::repository

template <typename Tag>
struct std::hash<bulkhead::repository::Id<Tag>> {
  // Digests are uniform already.
  std::size_t operator()(const bulkhead::repository::Id<Tag>& id) const noexcept {
    std::size_t value;
    std::memcpy(&value, id.bytes().data(), sizeof value);
    return value;
  }
};
