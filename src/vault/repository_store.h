// One repository's files in the vault, in restic's own folder layout, so that restic can read the
// folder where it lies. Nothing here overwrites or deletes, but for locks.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/file.h"
#include "crypto/sha256.h"
#include "storage/backend.h"
#include "vault/configuration.h"
#include "vault/file_layer.h"
#include "vault/receipts.h"
#include "vault/usage.h"

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

// What the repositories of a vault share; it outlives them.
struct Surroundings {
  const Clock& clock;
  FileLayer& files;
  Usage& whole;  // of all repositories together
};

// Thread-safe. Error kinds: invalid, the bytes do not hash to the name; conflict, the name holds
// other bytes; denied, the policy does not allow it; limit, a quota or the disk is full.
class RepositoryStore {
 public:
  RepositoryStore(Path folder, RepositoryPolicy policy, const Surroundings& surroundings);

  // Whether a repository was created in this folder.
  static bool is_at(const Path& folder);
  bool exists() const { return is_at(folder_); }
  // Makes the layout; what is there already stays.
  Result<void> create();
  // Counts what is stored, removes unfinished uploads. Call it once before all that follows.
  Result<void> open();

  Result<SaveOutcome> save(const Upload& upload);
  Result<FileDescriptor> load(const storage::FileId& id) const;
  Result<std::vector<storage::FileInfo>> list(storage::FileType type) const;
  Result<void> remove_lock(const std::string& name);

  RateLimit& rate_limit() { return rate_limit_; }
  UsageSums usage() const { return usage_.sums(); }

 private:
  Path path_of(const storage::FileId& id) const;
  Result<void> check_policy(const Upload& upload) const;
  Result<void> check_disk(std::uint64_t size) const;
  bool keys_are_frozen() const;
  Result<SaveOutcome> receive_and_keep(const Upload& upload);
  Result<crypto::Sha256Digest> receive(const Upload& upload, std::optional<int> file) const;
  Result<bool> is_whole(const storage::FileId& id) const;
  Result<SaveOutcome> confirm(const Upload& upload) const;
  Result<SaveOutcome> keep(const Upload& upload, const Path& received);
  Result<SaveOutcome> compare(const Upload& upload, const Path& received) const;
  Result<void> note_receipt(const Upload& upload) const;

  const Path folder_;
  const RepositoryPolicy policy_;
  const Surroundings around_;
  std::unique_ptr<ReceiptLog> receipts_;
  Usage usage_;
  RateLimit rate_limit_;
  std::mutex first_snapshot_;  // held while a key or a snapshot takes its place
};

}  // namespace bulkhead::vault
