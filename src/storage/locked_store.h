// Copies of a repository's files that nobody can delete before their time: objects in a bucket of
// an S3 store that keeps versions, each version under COMPLIANCE retention. Names and layout are
// those of storage/s3.h.
//
// Who has the store's key cannot delete a locked version, but can put a newer one over it, or a
// marker that says it was deleted. Both hide the locked version and change nothing of it: so what
// is read back goes through the versions, and the reader compares the bytes with their name.
//
// May be called from several threads. Errors: denied where the store does not keep the lock;
// unavailable where it does not answer, and trying again may help.
#pragma once

#include <chrono>
#include <optional>

#include "base/clock.h"
#include "storage/backend.h"

namespace bulkhead::storage {

struct LockedVersion {
  std::string name;     // of the file
  std::string version;  // the store's word for it
  std::uint64_t size = 0;
  std::string md5;    // hexadecimal; empty where the store does not tell
  WallTime stored{};  // by the store's clock, which no client chooses
};

// The version that a plain read would get.
struct NewestVersion {
  std::string version;
  std::uint64_t size = 0;
  std::string md5;
  std::optional<WallTime> locked_until;
};

class LockedStore {
 public:
  virtual ~LockedStore() = default;
  // For people: "s3:https://s3.example/vault/geneva/imo/".
  virtual std::string location() const = 0;
  // A new version; it and its lock were asked for when this returns.
  virtual Result<void> put(const FileId& id, ByteView content, WallTime until) = 0;
  // Kind not_found where there is none, or a marker hides it.
  virtual Result<NewestVersion> newest(const FileId& id) = 0;
  // A version's lock lasts that long at least; asked for when this returns. Never moved nearer.
  virtual Result<void> extend(const FileId& id, const std::string& version, WallTime until) = 0;
  // All that the store has of a type, hidden or not; of one name the oldest first.
  virtual Result<std::vector<LockedVersion>> versions(FileType type) = 0;
  // Of one file, the oldest first; none where it never was there.
  virtual Result<std::vector<LockedVersion>> versions_of(const FileId& id) = 0;
  virtual Result<Bytes> load(const FileId& id, const std::string& version) = 0;
};

// `url` as for open_s3.
Result<std::unique_ptr<LockedStore>> open_locked_s3(std::string_view url,
                                                    const OpenOptions& options);

// Puts a small object under a lock of `proof` and tries to delete its version: kind denied where
// the store let it be deleted, with the remedy. The object stays; its name begins with
// "lock-proof".
Result<void> prove_object_lock(std::string_view url, const OpenOptions& options,
                               std::chrono::seconds proof, const Clock& clock);

// Hexadecimal, as `NewestVersion::md5`.
std::string md5_of(ByteView content);

}  // namespace bulkhead::storage
