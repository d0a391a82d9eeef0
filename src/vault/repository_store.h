// One repository's files in the vault, in restic's own folder layout, so that restic can read the
// folder where it lies. Nothing here overwrites or deletes, but for locks.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/file.h"
#include "base/guarded.h"
#include "crypto/sha256.h"
#include "storage/backend.h"
#include "vault/alarms.h"
#include "vault/churn.h"
#include "vault/configuration.h"
#include "vault/file_layer.h"
#include "vault/incoming_files.h"
#include "vault/inspector.h"
#include "vault/locked_copies.h"
#include "vault/orders.h"
#include "vault/receipts.h"
#include "vault/receive_clock.h"
#include "vault/repository_files.h"
#include "vault/retention_lock.h"
#include "vault/usage.h"

namespace bulkhead::vault {

// Where a file's bytes come from while they arrive; 0 is the end.
using Source = std::function<Result<std::size_t>(MutableByteView)>;

// Whose work it is: the vault's own passes quotas, is no churn, and needs no right.
enum class Author { client, vault };
// In receipts, where others have an address.
inline constexpr std::string_view kOwnClient = "vault";

struct Upload {
  storage::FileId id;
  std::uint64_t announced_size = 0;
  Source source;
  std::string client;
  Author author = Author::client;
};

// For the status page and the metrics.
struct Standing {
  std::optional<WallTime> last_received;
  std::optional<WallTime> last_snapshot;
  std::optional<WallTime> locked_until;  // of what came last
  UsageSums usage;
  double new_share = 0;  // of what arrives since the last snapshot, of what was there
  std::uint64_t quarantined = 0;
};

struct ScrubReport {
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;
  std::uint64_t damaged = 0;
  std::uint64_t mended = 0;  // of the damaged, from parity or the object store
};

struct CopyReport {
  std::uint64_t files = 0;
  std::uint64_t copied = 0;
  std::uint64_t bytes = 0;  // of the copied
  std::uint64_t extended = 0;
  std::uint64_t brought_back = 0;  // into the folder
  std::uint64_t failed = 0;
};
// After the folders comes what should lie in one of them and does not.
inline constexpr int kCopyFolders = kWalkedFolders + 1;

struct RebuildReport {
  std::uint64_t there = 0;
  std::uint64_t brought_back = 0;
  std::uint64_t bytes = 0;     // of those
  std::uint64_t left_out = 0;  // deleted by right, too new, or one key too many
  std::uint64_t lost = 0;      // no version of it in the store is whole
};

enum class SaveOutcome { stored, had_it_already };

// What the repositories of a vault share; it outlives them.
struct Surroundings {
  const Clock& clock;  // for rates; what is received bears the receive clock's time
  ReceiveClock& receive_clock;
  FileLayer& files;
  Alarms& alarms;
  Orders& orders;
  Usage& whole;                    // of all repositories together
  LockedCopies* copies = nullptr;  // nullptr: none are kept
};

// Thread-safe. Error kinds: invalid, the bytes do not hash to the name; conflict, the name holds
// other bytes; denied, the policy does not allow it; limit, a quota or the disk is full.
class RepositoryStore {
 public:
  RepositoryStore(std::string name, Path folder, RepositoryPolicy policy,
                  const Surroundings& surroundings);

  // Whether a repository was created in this folder.
  static bool is_at(const Path& folder);
  bool exists() const { return is_at(folder_); }
  // Makes the layout; what is there already stays.
  Result<void> create();
  // Counts what is stored, removes unfinished uploads, learns from the receipts what is ordinary.
  // Call it once before all that follows.
  Result<void> open();

  Result<SaveOutcome> save(const Upload& upload);
  Result<FileDescriptor> load(const storage::FileId& id) const;
  // Snapshots with when they were received, which a policy that forgets them goes by.
  Result<std::vector<storage::FileInfo>> list(storage::FileType type) const;
  // The same without a list of its own, which of a million files is large.
  Result<void> visit(storage::FileType type, const FileVisitor& visitor) const;
  // A lock, or what the retention lock has released (kind denied where it has not). Its size.
  Result<std::uint64_t> remove(const storage::FileId& id, Author author = Author::client);
  // Everything but other repositories in the same folder. What is under way then fails.
  Result<void> destroy();

  // Looks inside what arrived since the last call, where the vault has a read key.
  void inspect(const std::atomic<bool>& stop);
  // Reads the files of one folder, 0 to kWalkedFolders - 1, and compares them with their names.
  Result<ScrubReport> scrub(int folder, const std::atomic<bool>& stop);
  // Looks whether the files of one folder, 0 to kCopyFolders - 1, are in the object store, and puts
  // there what is not; at the last, brings back what was received and is gone. Kind unavailable
  // where the store does not answer: call it again later.
  Result<CopyReport> keep_copies(int folder, const std::atomic<bool>& stop);
  // Brings back all that the object store has of this repository and the folder has not; nothing
  // that came to the store at `before` or later.
  Result<RebuildReport> rebuild(std::optional<WallTime> before);
  Standing standing() const;

  const std::string& name() const { return name_; }
  const Path& folder() const { return folder_; }
  const RepositoryPolicy& policy() const { return policy_; }
  // Of the read key's file; whether an index file was compared with its packs, and agrees.
  Result<crypto::Secret> read_password() const { return read_password_of(policy_.read_key); }
  Result<bool> index_agrees(const std::string& name);
  // Whether its own period is over, whatever may need it.
  bool is_released(const storage::FileId& id);
  RateLimit& rate_limit() { return rate_limit_; }
  UsageSums usage() const { return usage_.sums(); }

 private:
  Path path_of(const storage::FileId& id) const;
  // What a crash left in incoming/, by the hash of its bytes.
  struct Leftover {
    Path path;
    std::optional<storage::FileId> place;  // of its receipt
  };
  using Leftovers = std::map<std::string, Leftover, std::less<>>;
  Result<Leftovers> find_leftovers() const;
  Result<void> place(const Leftovers& leftovers) const;
  // From the receipts; tells what was left over where it belongs.
  Result<void> learn(Leftovers& leftovers);
  Result<std::uint64_t> remove_lock(const std::string& name);
  // Kind denied where the retention lock has not released it.
  Result<void> weigh(const storage::FileId& id, Author author,
                     const std::vector<storage::FileInfo>& snapshots);
  Result<SaveOutcome> take_in(const Upload& upload);
  void count_removed(const storage::FileId& id, std::uint64_t size);
  void watch(const Upload& upload, WallTime received);
  Result<Inspector*> inspector();
  // An error where that could not be done, and is to be tried again.
  Result<void> inspect(const storage::FileId& id);
  Result<void> inspect_snapshot(Inspector& inside, const std::string& name);
  std::optional<WallTime> received_at(const std::string& snapshot) const;
  void report_inspection(const Result<void>& ended);
  Result<void> quarantine(const std::string& index_name);
  bool is_quarantined(const storage::FileId& id) const;
  void raise(AlarmKind kind, std::string text) const;
  Result<void> check_policy(const Upload& upload) const;
  Result<void> check_disk(std::uint64_t size) const;
  bool keys_are_frozen() const;
  Result<SaveOutcome> receive_and_keep(const Upload& upload);
  Result<crypto::Sha256Digest> receive(const Upload& upload, std::optional<int> file) const;
  Result<bool> is_whole(const storage::FileId& id) const { return is_whole(id, path_of(id)); }
  Result<bool> is_whole(const storage::FileId& id, const Path& path) const;
  // From its parity; kind corrupt where that is not enough, not_found where there is none.
  Result<void> mend(const std::string& pack);
  Result<void> put_in_place(const storage::FileId& id, ByteView content);
  void report_damage(const storage::FileId& id, ScrubReport& report);
  bool mend_from_parity(const storage::FileId& id);
  // Whether the bytes are the file's own; of the config nobody can say.
  static Result<bool> is_its_own(const storage::FileId& id, ByteView content);
  enum class Lack { damaged, missing };
  // From the object store; kind not_found where there is none, or it is not there. Answers its
  // size.
  Result<std::uint64_t> bring_back(const storage::FileId& id, Lack lack);
  Result<void> keep_copy(const storage::FileInfo& file, storage::FileType type, CopyReport& report);
  Result<void> find_missing(CopyReport& report, const std::atomic<bool>& stop);
  // Of what has a receipt and does not lie in the folder: what was deleted by right, and the rest.
  struct Absent {
    std::set<std::string> deleted;
    std::set<std::string> gone;
  };
  Result<Absent> absent_files() const;
  struct Rebuilding;
  Result<void> rebuild(const storage::FileId& id, std::uint64_t size, Rebuilding& state);
  Result<SaveOutcome> confirm(const Upload& upload) const;
  Result<SaveOutcome> keep(const Upload& upload, IncomingFile received);
  Result<SaveOutcome> compare(const Upload& upload, IncomingFile& received);
  // Nothing where there is no receipt to be synced.
  Result<std::optional<std::uint64_t>> write_receipt(const Upload& upload);
  Result<void> sync_receipt(std::optional<std::uint64_t> written);

  struct History {
    ChurnWatch churn;
    std::optional<WallTime> last_received;
    std::optional<WallTime> last_snapshot;
    std::map<std::string, WallTime> snapshots;  // when each was received
    std::vector<storage::FileId> uninspected;
    SteadyTime inspection_due{};  // after one that failed
    bool inspection_fails = false;
  };

  const std::string name_;
  const Path folder_;
  const RepositoryPolicy policy_;
  const Surroundings around_;
  IncomingFiles incoming_;
  std::unique_ptr<ReceiptLog> receipts_;
  RetentionLock retention_;
  Guarded<History> history_;
  Guarded<std::unique_ptr<Inspector>> inspector_;
  std::atomic<bool> destroyed_{false};
  std::mutex deletion_;  // one deletion at a time is weighed and done
  Usage usage_;
  RateLimit rate_limit_;
  std::mutex first_snapshot_;  // held while a key or a snapshot takes its place
};

}  // namespace bulkhead::vault
