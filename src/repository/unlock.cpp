#include "repository/unlock.h"

#include "repository/internal/host.h"

namespace bulkhead::repository {
namespace {

bool to_be_removed(const LockFile& lock, LocksToRemove which) {
  switch (which) {
    case LocksToRemove::stale: return lock.stale;
    case LocksToRemove::stale_of_host: return lock.stale && lock.info->hostname == this_host();
    case LocksToRemove::all: return true;
  }
  return false;
}

}  // namespace

Result<std::vector<LockFile>> list_locks(Repository& repository) {
  const auto files =
      TRY_CONTEXT(repository.backend().list(storage::FileType::lock), "listing locks");
  std::vector<LockFile> locks;
  for (const storage::FileInfo& file : files) {
    const auto text = repository.load_file({storage::FileType::lock, file.name});
    // Removed meanwhile by whoever held it.
    if (!text && text.error().kind() == ErrorKind::not_found) continue;
    LockFile lock{.name = file.name};
    if (text) {
      auto info = decode_lock(as_text(*text));
      if (info) lock.info = *std::move(info);
    }
    lock.stale = lock.info && is_stale(*lock.info, repository.clock().now(), this_host());
    locks.push_back(std::move(lock));
  }
  return locks;
}

Result<std::vector<LockFile>> remove_locks(Repository& repository, LocksToRemove which) {
  std::vector<LockFile> removed;
  for (LockFile& lock : TRY(list_locks(repository))) {
    if (!to_be_removed(lock, which)) continue;
    const auto gone = repository.backend().remove({storage::FileType::lock, lock.name});
    if (!gone && gone.error().kind() != ErrorKind::not_found) {
      return std::unexpected(gone.error().with_context("removing lock " + lock.name.substr(0, 8)));
    }
    removed.push_back(std::move(lock));
  }
  return removed;
}

}  // namespace bulkhead::repository
