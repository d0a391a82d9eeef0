// Every file of the vault once more in an S3 store under object lock (docs/formats/vault.md,
// "Object store"; docs/decisions/0055). The folder serves what is asked for; the store keeps what
// nobody, the vault's own administrators included, can delete before its time, and gives it back
// when the folder's copy is damaged or gone. Thread-safe.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/guarded.h"
#include "storage/locked_store.h"
#include "vault/configuration.h"

namespace bulkhead::vault {

enum class CopyOutcome {
  there,     // and locked for long enough
  extended,  // its lock was moved further away
  copied,    // it was not there, or something else lay over it
};

class LockedCopies {
 public:
  using Now = std::function<WallTime()>;
  using OpenStore =
      std::function<Result<std::unique_ptr<storage::LockedStore>>(const std::string& repository)>;
  // Whether the bytes are the file's own.
  using IsWhole = std::function<Result<bool>(ByteView)>;

  // nullptr where none is configured. Proves the store first: an object is put under a lock, and
  // deleting it must be refused (kind denied where it is not). `now` is the vault's own time.
  static Result<std::unique_ptr<LockedCopies>> open(const ObjectStore& store, const Clock& clock,
                                                    Now now);
  LockedCopies(std::chrono::milliseconds period, OpenStore open_store, Now now);

  // A lock reaches so far from when it is asked for.
  std::chrono::seconds period() const { return period_; }

  // The file lies in `path`. In the store, with a lock that was asked for, when this returns; locks
  // of clients, which come and go, are left out. Kind unavailable where the store does not answer.
  Result<void> put(const std::string& repository, const storage::FileId& id, const Path& path);
  // The same for a file that has lain there: copied where it is missing, and its lock never ends
  // within half a period. Kind corrupt where the folder's bytes are not the file's own.
  Result<CopyOutcome> keep(const std::string& repository, const storage::FileId& id,
                           const Path& path, const IsWhole& is_whole);
  // The oldest version that is whole; kind corrupt where none is, not_found where there is none.
  Result<Bytes> load(const std::string& repository, const storage::FileId& id,
                     const IsWhole& is_whole);
  // All that the store has, of one name the oldest first.
  Result<std::vector<storage::LockedVersion>> versions(const std::string& repository,
                                                       storage::FileType type);

 private:
  Result<storage::LockedStore*> store_of(const std::string& repository);

  const std::chrono::seconds period_;
  const OpenStore open_store_;
  const Now now_;
  Guarded<std::map<std::string, std::unique_ptr<storage::LockedStore>>> stores_;  // by repository
};

}  // namespace bulkhead::vault
