#include "vault/repository_store.h"

#include <cerrno>
#include <cstdio>

#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/log.h"
#include "base/random.h"
#include "crypto/sha256.h"
#include "storage/file_names.h"

namespace bulkhead::vault {
namespace {

using storage::FileId;
using storage::FileInfo;
using storage::FileType;

constexpr FileType kListedTypes[] = {FileType::key, FileType::lock, FileType::snapshot,
                                     FileType::index, FileType::data};
constexpr mode_t kFolderMode = 0700;
constexpr mode_t kFileMode = 0400;
constexpr std::size_t kPieceSize = 256 * 1024;
// Keys, locks and the config are a few hundred bytes; snapshots grow with the paths they name.
constexpr std::uint64_t kSmallFileSizeMax = 64 * 1024;
constexpr std::uint64_t kSnapshotSizeMax = 4 * 1024 * 1024;
// What is being received; restic looks only into the folders it knows.
constexpr std::string_view kIncoming = "incoming";

Result<crypto::Sha256Digest> digest_of(const Path& path) {
  const FileDescriptor file = TRY(open_file(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  crypto::Sha256 hash;
  Bytes piece(kPieceSize);
  while (const std::size_t got = TRY(read_some(file.get(), piece))) {
    hash.update(ByteView(piece).first(got));
  }
  return hash.finish();
}

Result<void> append_files(const Path& folder, std::vector<FileInfo>& out) {
  std::error_code code;
  std::filesystem::directory_iterator entries(folder, code);
  if (code) return fail_errno(code.value(), folder.string());
  for (const auto& entry : entries) {
    struct stat status{};
    if (!storage::is_file_name(entry.path().filename().native())) continue;
    if (::lstat(entry.path().c_str(), &status) != 0 || !S_ISREG(status.st_mode)) continue;
    out.push_back({entry.path().filename(), static_cast<std::uint64_t>(status.st_size)});
  }
  return {};
}

// The file under a name of its own until it is whole; removed unless it was renamed.
class Incoming {
 public:
  explicit Incoming(const Path& folder)
      : path_(folder / kIncoming / to_hex(SystemRandom().bytes(16))) {}
  ~Incoming() { ::unlink(path_.c_str()); }
  const Path& path() const { return path_; }

 private:
  Path path_;
};

std::uint64_t size_max_of(FileType type, std::uint64_t otherwise) {
  switch (type) {
    case FileType::config:
    case FileType::key:
    case FileType::lock: return kSmallFileSizeMax;
    case FileType::snapshot: return kSnapshotSizeMax;
    case FileType::index:
    case FileType::data: return otherwise;
  }
  return otherwise;
}

}  // namespace

RepositoryStore::RepositoryStore(Path folder, const Configuration& configuration,
                                 const Clock& clock)
    : folder_(std::move(folder)), configuration_(configuration), clock_(clock) {}

bool RepositoryStore::exists() const { return std::filesystem::exists(folder_ / kIncoming); }

Result<void> RepositoryStore::create() {
  TRY(make_directories(folder_, kFolderMode));
  for (const FileType type : kListedTypes) {
    TRY(make_directories(folder_ / storage::folder_of(type), kFolderMode));
  }
  for (int prefix = 0; prefix < 256; ++prefix) {
    TRY(make_directories(folder_ / "data" / fmt::format("{:02x}", prefix), kFolderMode));
  }
  TRY(sync_directory(folder_ / "data"));
  // Last, since exists() looks for it.
  TRY(make_directories(folder_ / kIncoming, kFolderMode));
  TRY(sync_directory(folder_));
  return sync_directory(folder_.parent_path());
}

Result<void> RepositoryStore::open() {
  std::error_code code;
  for (const auto& entry : std::filesystem::directory_iterator(folder_ / kIncoming, code)) {
    ::unlink(entry.path().c_str());
  }
  if (code) return fail_errno(code.value(), folder_.string());
  receipts_ = TRY(ReceiptLog::open(folder_ / "receipts.jsonl"));
  std::uint64_t size = 0;
  for (const FileType type : kListedTypes) {
    for (const FileInfo& file : TRY(list(type))) size += file.size;
  }
  size_ = size;
  return {};
}

Path RepositoryStore::path_of(const FileId& id) const {
  const Path folder = folder_ / storage::folder_of(id.type);
  if (id.type == FileType::config) return folder;
  if (id.type == FileType::data) return folder / id.name.substr(0, 2) / id.name;
  return folder / id.name;
}

Result<void> RepositoryStore::check_policy(const Upload& upload) const {
  if (upload.announced_size > size_max_of(upload.id.type, configuration_.limits.file_size_max)) {
    return fail(ErrorKind::denied,
                fmt::format("{} bytes are too many for {}", upload.announced_size,
                            storage::describe(upload.id)));
  }
  if (upload.id.type == FileType::lock &&
      TRY(list(FileType::lock)).size() >= configuration_.limits.locks_max) {
    return fail(ErrorKind::limit, "the repository holds too many locks");
  }
  if (upload.id.type != FileType::key) return {};
  // restic tries few keys only and pays each one's scrypt: a client that could add keys for ever
  // could lock everybody out.
  if (TRY(list(FileType::key)).size() >= configuration_.limits.keys_max) {
    return fail(ErrorKind::denied, "the repository holds as many keys as it may");
  }
  if (configuration_.keys == KeyPolicy::frozen_after_first_snapshot &&
      !TRY(list(FileType::snapshot)).empty()) {
    return fail(ErrorKind::denied, "keys are frozen since the first snapshot came");
  }
  return {};
}

Result<void> RepositoryStore::check_space(std::uint64_t size) const {
  const std::uint64_t quota = configuration_.limits.repository_size_max;
  if (quota > 0 && size_ + size > quota) {
    return fail(ErrorKind::limit, fmt::format("the repository's quota of {} bytes is used", quota));
  }
  struct statvfs status{};
  if (::statvfs(folder_.c_str(), &status) != 0) return fail_errno(errno, folder_.string());
  const std::uint64_t free = std::uint64_t{status.f_bavail} * status.f_frsize;
  if (free < size + configuration_.limits.free_space_min) {
    return fail(ErrorKind::limit, "the vault's disk is full");
  }
  return {};
}

Result<void> RepositoryStore::receive(const Upload& upload, int file) const {
  crypto::Sha256 hash;
  Bytes piece(kPieceSize);
  std::uint64_t size = 0;
  while (const std::size_t got = TRY(upload.source(piece))) {
    const ByteView bytes = ByteView(piece).first(got);
    size += got;
    if (size > upload.announced_size) break;
    hash.update(bytes);
    TRY(write_all(file, bytes));
  }
  if (size != upload.announced_size) {
    return fail(ErrorKind::invalid, "the body is not as long as was announced");
  }
  if (upload.id.type != FileType::config && to_hex(hash.finish()) != upload.id.name) {
    return fail(ErrorKind::invalid, fmt::format("{}: the bytes do not hash to this name",
                                                storage::describe(upload.id)));
  }
  if (::fchmod(file, kFileMode) != 0 || ::fsync(file) != 0) {
    return fail_errno(errno, "writing what was received");
  }
  return {};
}

// The name is taken: the same bytes are what a client sends again when it did not see our answer.
Result<SaveOutcome> RepositoryStore::compare(const Upload& upload, const Path& received) const {
  const Path path = path_of(upload.id);
  const crypto::Sha256Digest stored = TRY(digest_of(path));
  if (stored == TRY(digest_of(received))) return SaveOutcome::had_it_already;
  if (upload.id.type == FileType::config) {
    return fail(ErrorKind::conflict, "the repository has its config already");
  }
  // What was received hashes to the name, so what is stored has been damaged since.
  log::error("a damaged file was received again and mended",
             {{"repository", folder_.string()}, {"file", storage::describe(upload.id)}});
  TRY(receipts_->append(
      {clock_.now(), storage::describe(upload.id), upload.announced_size, upload.client}));
  if (::rename(received.c_str(), path.c_str()) != 0) return fail_errno(errno, path.string());
  TRY(sync_directory(path.parent_path()));
  return SaveOutcome::stored;
}

Result<SaveOutcome> RepositoryStore::keep(const Upload& upload, const Path& received) {
  const Path path = path_of(upload.id);
  if (std::filesystem::exists(path)) return compare(upload, received);
  // The receipt first: a file that is there without one could never be given a time.
  TRY(receipts_->append(
      {clock_.now(), storage::describe(upload.id), upload.announced_size, upload.client}));
  if (::renameat2(AT_FDCWD, received.c_str(), AT_FDCWD, path.c_str(), RENAME_NOREPLACE) != 0) {
    if (errno == EEXIST) return compare(upload, received);
    return fail_errno(errno, path.string());
  }
  TRY(sync_directory(path.parent_path()));
  size_ += upload.announced_size;
  return SaveOutcome::stored;
}

Result<SaveOutcome> RepositoryStore::save(const Upload& upload) {
  // What is there already is let through to the comparison, whatever the policy says by now.
  if (!std::filesystem::exists(path_of(upload.id))) {
    TRY(check_policy(upload));
    TRY(check_space(upload.announced_size));
  }
  const Incoming incoming(folder_);
  {
    FileDescriptor file =
        TRY(open_file(incoming.path(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    TRY(receive(upload, file.get()));
    TRY(file.close());
  }
  return keep(upload, incoming.path());
}

Result<FileDescriptor> RepositoryStore::load(const FileId& id) const {
  return open_file(path_of(id), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
}

Result<std::vector<FileInfo>> RepositoryStore::list(FileType type) const {
  std::vector<FileInfo> files;
  const Path folder = folder_ / storage::folder_of(type);
  if (type != FileType::data) {
    TRY(append_files(folder, files));
    return files;
  }
  for (int prefix = 0; prefix < 256; ++prefix) {
    TRY(append_files(folder / fmt::format("{:02x}", prefix), files));
  }
  return files;
}

Result<void> RepositoryStore::remove_lock(const std::string& name) {
  const Path path = path_of({FileType::lock, name});
  struct stat status{};
  if (::lstat(path.c_str(), &status) != 0 || ::unlink(path.c_str()) != 0) {
    return fail_errno(errno, "locks/" + name);
  }
  size_ -= static_cast<std::uint64_t>(status.st_size);
  return {};
}

}  // namespace bulkhead::vault
