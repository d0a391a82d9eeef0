// Who works on the repository now (design.rst, "Locks"). Backups hold a non-exclusive lock: any
// number of them go together, but not with whoever holds an exclusive one (restic's prune). The
// lock is written anew every five minutes while it is held, and removed at the end.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/periodic_task.h"
#include "repository/repository.h"

namespace bulkhead::repository {

struct LockInfo {
  WallTime time{};
  bool exclusive = false;
  std::string hostname;
  std::string username;
  std::int64_t pid = 0;
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  // Only in locks of ours; restic passes over them.
  std::string program;  // kLockProgram
  WallTime since{};     // when it was first taken; `time` is that of its last refresh
  std::string purpose;  // at most one holder of each; empty: any number
};

inline constexpr std::string_view kLockProgram = "bulkhead";
inline constexpr std::string_view kPurposePrune = "prune";

std::string encode_lock(const LockInfo& lock);
Result<LockInfo> decode_lock(std::string_view text);
// Not refreshed for half an hour, or of a process of this host that is no more.
bool is_stale(const LockInfo& lock, WallTime now, const std::string& hostname);

class Lock {
 public:
  // Kind conflict where somebody holds an exclusive lock that is not stale, or one of this purpose,
  // and does so until the repository's lock_patience is over.
  static Result<std::unique_ptr<Lock>> shared(Repository& repository,
                                              std::string_view purpose = {});
  // Without the wait and the second look: call settle() before anything is written that others
  // must not take away.
  static Result<std::unique_ptr<Lock>> shared_unsettled(Repository& repository,
                                                        std::string_view purpose = {});
  // Waits what is left of lock_settle since the lock was written, and looks again; once it
  // succeeded, nothing. Thread-safe.
  Result<void> settle();
  ~Lock();
  // Of everybody else who is at work now.
  Result<std::vector<LockInfo>> others();

 private:
  Lock(Repository& repository, std::string_view purpose);
  static Result<std::unique_ptr<Lock>> take(Repository& repository, std::string_view purpose);
  Result<std::string> write();
  Result<void> require_compatible();
  void refresh();

  Repository& repository_;
  const std::string purpose_;
  const WallTime since_;
  std::mutex mutex_;
  std::string name_;  // under mutex_
  std::mutex settling_;
  std::chrono::steady_clock::time_point written_{};
  bool settled_ = false;
  std::optional<PeriodicTask> refresher_;
};

}  // namespace bulkhead::repository
