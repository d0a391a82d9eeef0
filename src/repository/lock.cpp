#include "repository/lock.h"

#include <algorithm>
#include <cerrno>
#include <thread>

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include "base/log.h"
#include "json/value.h"
#include "repository/internal/decode_time.h"
#include "repository/internal/host.h"

namespace bulkhead::repository {
namespace {

constexpr std::chrono::minutes kRefreshInterval{5};
constexpr std::chrono::minutes kStaleAfter{30};
// Between looks whether a lock is gone: twice as long each time.
constexpr std::chrono::milliseconds kFirstPause{250};
constexpr std::chrono::milliseconds kLongestPause{30'000};

Result<std::uint32_t> optional_owner(const json::Value& value, std::string_view what) {
  if (value.is_null()) return 0u;
  return static_cast<std::uint32_t>(TRY(value.to_u64(what)));
}

// `action` again and again while somebody else's lock is in the way.
template <typename Action>
std::invoke_result_t<Action> with_patience(const Repository& repository, const Action& action) {
  const auto end = std::chrono::steady_clock::now() + repository.options().lock_patience;
  for (std::chrono::milliseconds pause = kFirstPause;; pause = std::min(2 * pause, kLongestPause)) {
    auto taken = action();
    const bool locked = !taken && taken.error().kind() == ErrorKind::conflict;
    const auto now = std::chrono::steady_clock::now();
    if (!locked || now >= end) return taken;
    std::this_thread::sleep_until(std::min(end, now + pause));
  }
}

}  // namespace

std::string encode_lock(const LockInfo& lock) {
  json::Object object{{"time", to_rfc3339(lock.time)},
                      {"exclusive", lock.exclusive},
                      {"hostname", lock.hostname},
                      {"username", lock.username},
                      {"pid", lock.pid}};
  if (lock.uid != 0) object.set("uid", static_cast<std::uint64_t>(lock.uid));
  if (lock.gid != 0) object.set("gid", static_cast<std::uint64_t>(lock.gid));
  if (!lock.program.empty()) {
    object.set("program", lock.program);
    object.set("since", to_rfc3339(lock.since));
  }
  if (!lock.purpose.empty()) object.set("purpose", lock.purpose);
  return json::write(object);
}

Result<LockInfo> decode_lock(std::string_view text) {
  const json::Value value = TRY(json::parse(text));
  LockInfo lock;
  lock.time = TRY(decode_time(value["time"], "the lock's time"));
  lock.exclusive = TRY(value["exclusive"].to_bool("the lock's exclusive"));
  lock.hostname = TRY(value["hostname"].to_string("the lock's hostname"));
  lock.username = TRY(value["username"].to_string("the lock's username"));
  lock.pid = TRY(value["pid"].to_i64("the lock's pid"));
  lock.uid = TRY(optional_owner(value["uid"], "the lock's uid"));
  lock.gid = TRY(optional_owner(value["gid"], "the lock's gid"));
  if (const std::string* program = value["program"].string()) {
    lock.program = *program;
    lock.since = TRY(decode_time(value["since"], "the lock's since"));
  }
  if (const std::string* purpose = value["purpose"].string()) lock.purpose = *purpose;
  return lock;
}

bool is_stale(const LockInfo& lock, WallTime now, const std::string& hostname) {
  if (now - lock.time > kStaleAfter) return true;
  if (lock.hostname != hostname || lock.pid <= 0) return false;
  return ::kill(static_cast<pid_t>(lock.pid), 0) != 0 && errno == ESRCH;
}

Lock::Lock(Repository& repository, std::string_view purpose)
    : repository_(repository), purpose_(purpose), since_(repository.clock().now()) {}

Result<std::unique_ptr<Lock>> Lock::take(Repository& repository, std::string_view purpose) {
  std::unique_ptr<Lock> lock(new Lock(repository, purpose));
  TRY(lock->require_compatible());
  lock->name_ = TRY(lock->write());
  lock->written_ = std::chrono::steady_clock::now();
  lock->refresher_.emplace("lock", kRefreshInterval, [self = lock.get()] { self->refresh(); });
  return lock;
}

Result<std::unique_ptr<Lock>> Lock::shared_unsettled(Repository& repository,
                                                     std::string_view purpose) {
  return with_patience(repository, [&] { return take(repository, purpose); });
}

Result<std::unique_ptr<Lock>> Lock::shared(Repository& repository, std::string_view purpose) {
  return with_patience(repository, [&]() -> Result<std::unique_ptr<Lock>> {
    std::unique_ptr<Lock> lock = TRY(take(repository, purpose));
    TRY(lock->settle());
    return lock;
  });
}

Result<void> Lock::settle() {
  const std::lock_guard guard(settling_);
  if (settled_) return {};
  // Whoever wrote an exclusive lock between our look and our writing shows up in the second look;
  // whoever looks after us sees ours.
  std::this_thread::sleep_until(written_ + repository_.options().lock_settle);
  TRY(require_compatible());
  settled_ = true;
  return {};
}

Lock::~Lock() {
  refresher_.reset();
  if (name_.empty()) return;
  const auto removed = repository_.backend().remove({storage::FileType::lock, name_});
  if (!removed) {
    log::warning("lock stays behind", {{"lock", name_}, {"error", removed.error().message()}});
  }
}

Result<std::string> Lock::write() {
  const LockInfo lock{.time = repository_.clock().now(),
                      .exclusive = false,
                      .hostname = this_host(),
                      .username = this_user(),
                      .pid = ::getpid(),
                      .uid = ::geteuid(),
                      .gid = ::getegid(),
                      .program = std::string(kLockProgram),
                      .since = since_,
                      .purpose = purpose_};
  return repository_.save_file(storage::FileType::lock, encode_lock(lock));
}

Result<std::vector<LockInfo>> Lock::others() {
  std::string own;
  {
    const std::lock_guard guard(mutex_);
    own = name_;
  }
  const auto files =
      TRY_CONTEXT(repository_.backend().list(storage::FileType::lock), "listing locks");
  std::vector<LockInfo> found;
  for (const storage::FileInfo& info : files) {
    if (info.name == own || info.size == 0) continue;
    const auto text = repository_.load_file({storage::FileType::lock, info.name});
    if (!text && text.error().kind() == ErrorKind::not_found) continue;
    if (!text) return std::unexpected(text.error().with_context("lock " + info.name.substr(0, 8)));
    const LockInfo lock = TRY_CONTEXT(decode_lock(as_text(*text)), "lock");
    if (!is_stale(lock, repository_.clock().now(), this_host())) found.push_back(lock);
  }
  return found;
}

Result<void> Lock::require_compatible() {
  for (const LockInfo& lock : TRY(others())) {
    const bool same_purpose = !purpose_.empty() && lock.purpose == purpose_;
    if (!lock.exclusive && !same_purpose) continue;
    return fail(ErrorKind::conflict,
                fmt::format("the repository is locked {} by process {} of {} on {} "
                            "since {}; try again when it is done",
                            lock.exclusive ? "exclusively" : "for " + lock.purpose, lock.pid,
                            lock.username, lock.hostname, to_rfc3339(lock.time)));
  }
  return {};
}

void Lock::refresh() {
  const std::lock_guard guard(mutex_);
  // The new one first, so that there is no moment without any.
  auto fresh = write();
  if (!fresh) {
    log::warning("lock not refreshed", {{"error", fresh.error().message()}});
    return;
  }
  const auto removed = repository_.backend().remove({storage::FileType::lock, name_});
  if (!removed) log::warning("old lock stays", {{"error", removed.error().message()}});
  name_ = *std::move(fresh);
}

}  // namespace bulkhead::repository
