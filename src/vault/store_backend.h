// A repository of the vault as the repository engine sees one, for the vault's own work on it: what
// it writes is the vault's and passes quotas; what it removes goes through the retention lock. A
// file that is still locked counts as removed and stays, since a later round finds it again. Of
// index files only those are shown that agree with their packs. Thread-safe; the store outlives it.
#pragma once

#include <atomic>

#include "storage/backend.h"
#include "vault/repository_store.h"

namespace bulkhead::vault {

class StoreBackend : public storage::Backend {
 public:
  explicit StoreBackend(RepositoryStore& store) : store_(store) {}

  std::string location() const override { return "vault:" + store_.name(); }
  Result<void> create() override;
  Result<void> save(const storage::FileId& id, ByteView content) override;
  Result<storage::UnnamedFile> begin_file() override;
  Result<Bytes> load(const storage::FileId& id) override;
  Result<Bytes> load_part(const storage::FileId& id, std::uint64_t offset,
                          std::uint64_t length) override;
  Result<storage::FileInfo> stat(const storage::FileId& id) override;
  Result<std::vector<storage::FileInfo>> list(storage::FileType type) override;
  Result<void> remove(const storage::FileId& id) override;

  std::uint64_t still_locked() const { return still_locked_; }

 private:
  RepositoryStore& store_;
  std::atomic<std::uint64_t> still_locked_{0};
};

}  // namespace bulkhead::vault
