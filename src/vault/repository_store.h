// One repository's files in the vault, in restic's own folder layout, so that restic can read the
// folder where it lies. Nothing here overwrites or deletes, but for locks.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/file.h"
#include "storage/backend.h"
#include "vault/configuration.h"
#include "vault/receipts.h"

namespace bulkhead::vault {

// Where a file's bytes come from while they arrive; 0 is the end.
using Source = std::function<Result<std::size_t>(MutableByteView)>;

struct Upload {
  storage::FileId id;
  std::uint64_t announced_size = 0;
  Source source;
  std::string client;
};

enum class SaveOutcome { stored, had_it_already };

// Thread-safe. Error kinds: invalid, the bytes do not hash to the name; conflict, the name holds
// other bytes; denied, the policy does not allow it; limit, a quota or the disk is full.
class RepositoryStore {
 public:
  RepositoryStore(Path folder, const Configuration& configuration, const Clock& clock);

  bool exists() const;
  // Makes the layout; what is there already stays.
  Result<void> create();
  // Counts what is stored, removes unfinished uploads. Call it once before all that follows.
  Result<void> open();

  Result<SaveOutcome> save(const Upload& upload);
  Result<FileDescriptor> load(const storage::FileId& id) const;
  Result<std::vector<storage::FileInfo>> list(storage::FileType type) const;
  Result<void> remove_lock(const std::string& name);

  std::uint64_t size() const { return size_; }

 private:
  Path path_of(const storage::FileId& id) const;
  Result<void> check_policy(const Upload& upload) const;
  Result<void> check_space(std::uint64_t size) const;
  Result<void> receive(const Upload& upload, int file) const;
  Result<SaveOutcome> keep(const Upload& upload, const Path& received);
  Result<SaveOutcome> compare(const Upload& upload, const Path& received) const;

  Path folder_;
  const Configuration& configuration_;
  const Clock& clock_;
  std::unique_ptr<ReceiptLog> receipts_;
  std::atomic<std::uint64_t> size_{0};
};

}  // namespace bulkhead::vault
