// Who works on the repository now (design.rst, "Locks"). Backups hold a non-exclusive lock: any
// number of them go together, but not with whoever holds an exclusive one (restic's prune). The
// lock is written anew every five minutes while it is held, and removed at the end.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

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
};

std::string encode_lock(const LockInfo& lock);
Result<LockInfo> decode_lock(std::string_view text);
// Not refreshed for half an hour, or of a process of this host that is no more.
bool is_stale(const LockInfo& lock, WallTime now, const std::string& hostname);

class Lock {
 public:
  // Kind conflict where somebody holds an exclusive lock that is not stale.
  static Result<std::unique_ptr<Lock>> shared(Repository& repository);
  ~Lock();

 private:
  explicit Lock(Repository& repository) : repository_(repository) {}
  Result<std::string> write();
  Result<void> require_no_exclusive();
  void refresh_until_stopped();

  Repository& repository_;
  std::string name_;
  std::mutex mutex_;
  std::condition_variable stop_;
  bool stopping_ = false;
  std::thread refresher_;
};

}  // namespace bulkhead::repository
