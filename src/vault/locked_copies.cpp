#include "vault/locked_copies.h"

#include <fmt/format.h>

#include "base/text.h"
#include "crypto/secret.h"

namespace bulkhead::vault {
namespace {

constexpr std::size_t kAccessFileSizeMax = 4096;
constexpr std::size_t kFileSizeMax = std::size_t{1} << 30;
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

std::string place_of(const ObjectStore& store, const std::string& repository) {
  return fmt::format("{}/{}", store.bucket, repository);
}

}  // namespace

Result<std::unique_ptr<LockedCopies>> LockedCopies::open(const ObjectStore& store,
                                                         const Clock& clock) {
  if (store.bucket.empty()) return std::unique_ptr<LockedCopies>();
  storage::OpenOptions access = TRY(read_access(store));
  TRY_CONTEXT(storage::prove_object_lock(store.bucket, access, kProof, clock), "the object store");
  return std::unique_ptr<LockedCopies>(new LockedCopies(store, std::move(access), clock));
}

Result<storage::Backend*> LockedCopies::backend_of(const std::string& repository) {
  return backends_.with([&](auto& backends) -> Result<storage::Backend*> {
    auto& backend = backends[repository];
    if (!backend) {
      const auto period = std::chrono::ceil<std::chrono::seconds>(store_.retention);
      backend = TRY(storage::open_s3(place_of(store_, repository), access_,
                                     storage::S3LockOptions{period, &clock_}));
    }
    return backend.get();
  });
}

Result<void> LockedCopies::put(const std::string& repository, const storage::FileId& id,
                               const Path& path) {
  if (id.type == storage::FileType::lock) return {};
  storage::Backend* const backend = TRY(backend_of(repository));
  const Bytes content = TRY(read_file(path, kFileSizeMax));
  const auto saved = backend->save(id, content);
  if (saved) return {};
  return std::unexpected(saved.error().with_context("the object store"));
}

}  // namespace bulkhead::vault
