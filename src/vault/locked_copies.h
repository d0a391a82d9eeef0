// Every file that the vault takes in, once more in an S3 store under object lock, before it is
// acknowledged (docs/formats/vault.md, "Object store"). The folder serves what is asked for; the
// store keeps what nobody, the vault's own administrators included, can delete before its time.
// Thread-safe.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/guarded.h"
#include "storage/s3.h"
#include "vault/configuration.h"

namespace bulkhead::vault {

class LockedCopies {
 public:
  // nullptr where none is configured. Proves the store first: an object is put under a lock, and
  // deleting it must be refused (kind denied where it is not). `clock` outlives this.
  static Result<std::unique_ptr<LockedCopies>> open(const ObjectStore& store, const Clock& clock);

  // The file lies in `path`. In the store, with a lock that was asked for, when this returns; locks
  // of clients, which come and go, are left out. Kind unavailable where the store does not answer.
  Result<void> put(const std::string& repository, const storage::FileId& id, const Path& path);

 private:
  LockedCopies(ObjectStore store, storage::OpenOptions access, const Clock& clock)
      : store_(std::move(store)), access_(std::move(access)), clock_(clock) {}
  Result<storage::Backend*> backend_of(const std::string& repository);

  const ObjectStore store_;
  const storage::OpenOptions access_;
  const Clock& clock_;
  Guarded<std::map<std::string, std::unique_ptr<storage::Backend>>> backends_;  // by repository
};

}  // namespace bulkhead::vault
