#include "vault/locked_copies.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include "base/text.h"
#include "crypto/secret.h"
#include "storage/file_names.h"

namespace bulkhead::vault {
namespace {

using storage::FileId;
using storage::FileType;
using storage::LockedStore;
using storage::LockedVersion;

constexpr std::size_t kAccessFileSizeMax = 4096;
constexpr std::size_t kFileSizeMax = std::size_t{1} << 30;
// Whoever has the store's key may have put any number over the one that is whole.
constexpr std::size_t kVersionsTriedMax = 1000;
// One proof a start stays so long.
constexpr std::chrono::seconds kProof{60};

// The key's id in the first line, its secret in the second.
Result<storage::OpenOptions> read_access(const ObjectStore& store) {
  Bytes content = TRY(read_file(store.access, kAccessFileSizeMax));
  storage::OpenOptions options;
  const auto lines = split_once(as_text(content), '\n');
  if (lines) {
    options.s3_key_id = trim(lines->first);
    options.s3_secret_key = trim(lines->second);
  }
  crypto::wipe(content);
  if (options.s3_key_id.empty() || options.s3_secret_key.empty()) {
    return fail(ErrorKind::invalid,
                fmt::format("{}: the first line is the access key's id, the second its secret",
                            store.access.native()));
  }
  options.s3_region = store.region;
  options.ca_certificate_file = store.authority.native();
  return options;
}

std::unexpected<Error> of_store(const Error& error) {
  return std::unexpected(Error(error).with_context("the object store"));
}

}  // namespace

Result<std::unique_ptr<LockedCopies>> LockedCopies::open(const ObjectStore& store,
                                                         const Clock& clock, Now now) {
  if (store.bucket.empty()) return std::unique_ptr<LockedCopies>();
  const storage::OpenOptions access = TRY(read_access(store));
  TRY_CONTEXT(storage::prove_object_lock(store.bucket, access, kProof, clock), "the object store");
  OpenStore open_store = [bucket = store.bucket, access](const std::string& repository) {
    return storage::open_locked_s3(fmt::format("{}/{}", bucket, repository), access);
  };
  return std::make_unique<LockedCopies>(store.retention, std::move(open_store), std::move(now));
}

LockedCopies::LockedCopies(std::chrono::milliseconds period, OpenStore open_store, Now now)
    : period_(std::chrono::ceil<std::chrono::seconds>(period)),
      open_store_(std::move(open_store)),
      now_(std::move(now)) {}

Result<LockedStore*> LockedCopies::store_of(const std::string& repository) {
  return stores_.with([&](auto& stores) -> Result<LockedStore*> {
    auto& store = stores[repository];
    if (!store) store = TRY(open_store_(repository));
    return store.get();
  });
}

Result<void> LockedCopies::put(const std::string& repository, const FileId& id, const Path& path) {
  if (id.type == FileType::lock) return {};
  LockedStore* const store = TRY(store_of(repository));
  const Bytes content = TRY(read_file(path, kFileSizeMax));
  if (const auto saved = store->put(id, content, now_() + period_); !saved) {
    return of_store(saved.error());
  }
  return {};
}

Result<CopyOutcome> LockedCopies::keep(const std::string& repository, const FileId& id,
                                       const Path& path, const IsWhole& is_whole) {
  LockedStore* const store = TRY(store_of(repository));
  const WallTime now = now_();
  const auto newest = store->newest(id);
  if (!newest && newest.error().kind() != ErrorKind::not_found) return of_store(newest.error());
  struct stat status{};
  if (::lstat(path.c_str(), &status) != 0) return fail_errno(errno, storage::describe(id));
  const bool is_long = newest && newest->locked_until.value_or(WallTime()) >= now + period_ / 2;
  // The config has no name to be compared with later, so it is compared each time.
  if (is_long && newest->size == static_cast<std::uint64_t>(status.st_size) &&
      id.type != FileType::config) {
    return CopyOutcome::there;
  }
  const Bytes content = TRY(read_file(path, kFileSizeMax));
  const auto versions = store->versions_of(id);
  if (!versions) return of_store(versions.error());
  const std::string md5 = storage::md5_of(content);
  const bool is_another = id.type == FileType::config && !versions->empty() &&
                          !versions->front().md5.empty() && versions->front().md5 != md5;
  if (is_another || !TRY(is_whole(content))) {
    return fail(ErrorKind::corrupt,
                storage::describe(id) + (is_another ? " is not the one that came to the store first"
                                                    : " is damaged in the folder"));
  }
  // The oldest stays the oldest that there is: it is what a later version cannot be taken for.
  bool newest_is_ours = false;
  std::vector<std::string> ours;
  for (const LockedVersion& one : *versions) {
    if (one.md5 != md5) continue;
    const bool is_newest = newest && one.version == newest->version;
    newest_is_ours = newest_is_ours || is_newest;
    if (ours.empty() || is_newest) ours.push_back(one.version);
  }
  if (is_long && newest_is_ours) return CopyOutcome::there;
  for (const std::string& version : ours) {
    const auto extended = store->extend(id, version, now + period_);
    if (!extended) return of_store(extended.error());
  }
  if (newest_is_ours) return CopyOutcome::extended;
  if (const auto saved = store->put(id, content, now + period_); !saved) {
    return of_store(saved.error());
  }
  return CopyOutcome::copied;
}

Result<Bytes> LockedCopies::load(const std::string& repository, const FileId& id,
                                 const IsWhole& is_whole) {
  LockedStore* const store = TRY(store_of(repository));
  auto versions = store->versions_of(id);
  if (!versions) return of_store(versions.error());
  if (versions->empty()) {
    return fail(ErrorKind::not_found, storage::describe(id) + " is not in the object store");
  }
  if (versions->size() > kVersionsTriedMax) versions->resize(kVersionsTriedMax);
  for (const LockedVersion& one : *versions) {
    auto content = store->load(id, one.version);
    if (!content && content.error().kind() == ErrorKind::unavailable) {
      return of_store(content.error());
    }
    // A version whose lock was over may have gone meanwhile.
    if (content && TRY(is_whole(*content))) return std::move(*content);
  }
  return fail(ErrorKind::corrupt,
              fmt::format("{}: none of the {} versions in the object store is whole",
                          storage::describe(id), versions->size()));
}

Result<std::vector<LockedVersion>> LockedCopies::versions(const std::string& repository,
                                                          FileType type) {
  LockedStore* const store = TRY(store_of(repository));
  auto found = store->versions(type);
  if (!found) return of_store(found.error());
  return found;
}

}  // namespace bulkhead::vault
