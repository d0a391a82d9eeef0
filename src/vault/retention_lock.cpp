#include "vault/retention_lock.h"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>

#include "base/text.h"
#include "storage/file_names.h"
#include "vault/receipts.h"

namespace bulkhead::vault {
namespace {

using storage::FileId;
using storage::FileType;

std::optional<FileId> file_of(std::string_view described) {
  const auto parts = split_once(described, '/');
  if (!parts) return std::nullopt;
  for (const FileType type : {FileType::key, FileType::lock, FileType::snapshot, FileType::index,
                              FileType::data, FileType::parity}) {
    if (storage::folder_of(type) == parts->first) return FileId{type, std::string(parts->second)};
  }
  return std::nullopt;
}

std::unexpected<Error> locked(std::string why) { return fail(ErrorKind::denied, std::move(why)); }

}  // namespace

std::size_t RetentionLock::KeyHash::operator()(const Key& key) const {
  std::size_t value;
  std::memcpy(&value, key.digest.data(), sizeof value);
  return value ^ static_cast<std::size_t>(key.type);
}

std::optional<RetentionLock::Key> RetentionLock::key_of(const FileId& id) {
  const auto bytes = from_hex(id.name);
  Key key{id.type, {}};
  if (!bytes || bytes->size() != key.digest.size()) return std::nullopt;
  std::copy(bytes->begin(), bytes->end(), key.digest.begin());
  return key;
}

Result<void> RetentionLock::read_new() {
  read_ = TRY(for_each_receipt(receipts_, read_, [&](const Receipt& receipt) {
    const auto id = file_of(receipt.file);
    // Locks come and go by the thousand, and are not locked.
    if (!id || id->type == FileType::lock) return;
    const auto key = key_of(*id);
    if (!key) return;
    times_[*key] = receipt.received;
    if (id->type != FileType::index) return;
    if (receipt.client == own_name_) own_.insert(*key);
    else own_.erase(*key);
  }));
  return {};
}

std::optional<WallTime> RetentionLock::received(const FileId& id) const {
  const auto key = key_of(id);
  const auto found = key ? times_.find(*key) : times_.end();
  if (found == times_.end()) return std::nullopt;
  return found->second;
}

bool RetentionLock::is_released(const FileId& id, WallTime now) {
  const std::lock_guard lock(mutex_);
  if (!period_ || !read_new()) return false;
  const auto own = received(id);
  return own && *own + *period_ <= now;
}

Result<void> RetentionLock::check(const DeletionCase& deletion) {
  const FileId& id = deletion.id;
  const std::string name = storage::describe(id);
  if (!period_) return locked("this vault only takes in: nothing but locks is deleted");
  if (id.type == FileType::config || id.type == FileType::key) {
    return locked(name + ": the config and the keys go only with the whole repository");
  }
  const std::lock_guard lock(mutex_);
  TRY(read_new());
  const auto own = received(id);
  if (!own) return locked(name + ": the vault has no receipt of it, and keeps it");
  const bool is_ours = deletion.by == DeletionCase::By::vault && own_.contains(*key_of(id));
  if (!is_ours && *own + *period_ > deletion.now) {
    return locked(fmt::format("{} is locked until {}", name, to_rfc3339(*own + *period_)));
  }
  if (id.type == FileType::snapshot) return {};
  if (deletion.needed) {
    if (!TRY_CONTEXT(deletion.needed(id), "looking for what needs " + name)) return {};
    return locked(name + (id.type == FileType::parity
                              ? " mends a pack that is still there"
                              : " is needed by a snapshot that is still there"));
  }
  for (const storage::FileInfo& snapshot : deletion.snapshots) {
    const auto at = received({FileType::snapshot, snapshot.name});
    if (at && *at < *own) continue;
    return locked(fmt::format("{} is kept as long as snapshot {}, which came after it", name,
                              snapshot.name.substr(0, 8)));
  }
  return {};
}

}  // namespace bulkhead::vault
