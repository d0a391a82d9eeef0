#include "vault/repository_store.h"

#include <algorithm>
#include <cerrno>

#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/log.h"
#include "crypto/sha256.h"
#include "repository/parity.h"
#include "storage/file_names.h"
#include "vault/repository_files.h"

namespace bulkhead::vault {
namespace {

using storage::FileId;
using storage::FileInfo;
using storage::FileType;

constexpr FileType kListedTypes[] = {FileType::key,   FileType::lock, FileType::snapshot,
                                     FileType::index, FileType::data, FileType::parity};
// A pack's size at most, and twice that for its parity.
constexpr std::size_t kParitySizeMax = std::size_t{1} << 30;
constexpr mode_t kFolderMode = 0700;
constexpr std::size_t kPieceSize = 64 * 1024;
constexpr std::uint64_t kFlushedAtOnce = 2 * 1024 * 1024;
// Keys, locks and the config are a few hundred bytes; snapshots grow with the paths they name.
constexpr std::uint64_t kSmallFileSizeMax = 64 * 1024;
constexpr std::uint64_t kSnapshotSizeMax = 4 * 1024 * 1024;

// A body arrives in TLS records of 16 KiB; the disk is better served with more at once.
Result<std::size_t> read_full(const Source& source, MutableByteView out) {
  std::size_t filled = 0;
  while (filled < out.size()) {
    const std::size_t got = TRY(source(out.subspan(filled)));
    if (got == 0) break;
    filled += got;
  }
  return filled;
}

// The config has no name; parity bears that of the pack that it mends.
bool is_named_by_hash(FileType type) {
  return type != FileType::config && type != FileType::parity;
}

std::unexpected<Error> there_already(const FileId& id) {
  return fail(ErrorKind::conflict,
              id.type == FileType::config
                  ? "the repository has its config already"
                  : storage::describe(id) + " is there already, with other bytes");
}

// Whether open() finds it again by its bytes and its receipt, so that its name need not be waited
// for. A file without bytes cannot be told from one that was never used.
bool is_found_again(const Upload& upload) {
  const FileType type = upload.id.type;
  return is_named_by_hash(type) && type != FileType::lock && upload.announced_size > 0;
}

std::uint64_t size_max_of(FileType type, std::uint64_t otherwise) {
  switch (type) {
    case FileType::config:
    case FileType::key:
    case FileType::lock: return kSmallFileSizeMax;
    case FileType::snapshot: return kSnapshotSizeMax;
    case FileType::index:
    case FileType::data:
    case FileType::parity: return otherwise;
  }
  return otherwise;
}

}  // namespace

RepositoryStore::RepositoryStore(std::string name, Path folder, RepositoryPolicy policy,
                                 const Surroundings& surroundings)
    : name_(std::move(name)),
      folder_(std::move(folder)),
      policy_(std::move(policy)),
      around_(surroundings),
      incoming_(folder_ / kIncoming, around_.files),
      retention_(folder_ / kReceipts, policy_.retention, kOwnClient),
      history_(History{ChurnWatch(policy_.churn), {}, {}, {}}),
      usage_({.bytes = policy_.limits.repository_size_max,
              .objects = policy_.limits.repository_objects_max,
              .keys = policy_.limits.keys_max,
              .locks = policy_.limits.locks_max}),
      rate_limit_(policy_.limits.rates, surroundings.clock) {}

bool RepositoryStore::is_at(const Path& folder) {
  std::error_code ignored;
  return std::filesystem::is_directory(folder / kIncoming, ignored);
}

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
  // Repositories that were made before this folder was thought of lack it.
  TRY(make_directories(folder_ / storage::folder_of(FileType::parity), kFolderMode));
  receipts_ = TRY(ReceiptLog::open(folder_ / kReceipts, around_.files));
  Leftovers leftovers = TRY(find_leftovers());
  TRY(learn(leftovers));
  TRY(place(leftovers));
  const auto count = [&](FileType type, std::uint64_t size) {
    usage_.add(type, size);
    around_.whole.add(type, size);
  };
  for (const FileType type : kListedTypes) {
    for (const FileInfo& file : TRY(list(type))) count(type, file.size);
  }
  if (std::filesystem::exists(folder_ / kQuarantine)) {
    for (const FileInfo& file : TRY(files_in(folder_ / kQuarantine))) {
      count(FileType::index, file.size);
    }
  }
  struct stat status{};
  const Path config = path_of({FileType::config, ""});
  if (::lstat(config.c_str(), &status) == 0) {
    count(FileType::config, static_cast<std::uint64_t>(status.st_size));
  }
  return {};
}

// By the hashes of what they hold, the files whose receiving or renaming was interrupted.
Result<RepositoryStore::Leftovers> RepositoryStore::find_leftovers() const {
  Leftovers leftovers;
  std::error_code code;
  std::filesystem::directory_iterator entries(folder_ / kIncoming, code);
  if (code) return fail_errno(code.value(), folder_.string());
  for (const auto& entry : entries) {
    const Path& path = entry.path();
    std::error_code ignored;
    bool is_first = false;
    if (entry.is_regular_file(ignored) && entry.file_size(ignored) > 0) {
      const auto digest = digest_of(path);
      if (!digest) {
        log::error("what an interruption left cannot be read, and stays where it is",
                   {{"file", path.native()}, {"error", digest.error().message()}});
        continue;
      }
      is_first = leftovers.emplace(to_hex(*digest), Leftover{path, std::nullopt}).second;
    }
    if (!is_first) TRY(around_.files.remove(path));
  }
  return leftovers;
}

// What has a receipt goes where it belongs; the rest was acknowledged to nobody.
Result<void> RepositoryStore::place(const Leftovers& leftovers) const {
  for (const auto& [hash, one] : leftovers) {
    if (!one.place || is_quarantined(*one.place) || std::filesystem::exists(path_of(*one.place))) {
      TRY(around_.files.remove(one.path));
      continue;
    }
    const Path path = path_of(*one.place);
    // Of a process that was killed the bytes are in the system's memory only.
    const FileDescriptor file = TRY(open_file(one.path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    TRY(around_.files.seal(file.get()));
    if (around_.copies != nullptr) TRY(around_.copies->put(name_, *one.place, one.path));
    TRY(around_.files.rename_to_new(one.path, path));
    TRY(around_.files.sync_folder(path.parent_path()));
    log::info("what was received before the vault was interrupted is in its place",
              {{"repository", folder_.string()}, {"file", storage::describe(*one.place)}});
  }
  return {};
}

Path RepositoryStore::path_of(const FileId& id) const {
  const Path folder = folder_ / storage::folder_of(id.type);
  if (id.type == FileType::config) return folder;
  if (id.type == FileType::data) return folder / id.name.substr(0, 2) / id.name;
  return folder / id.name;
}

bool RepositoryStore::keys_are_frozen() const {
  if (policy_.keys != KeyPolicy::frozen_after_first_snapshot) return false;
  const auto snapshots = list(FileType::snapshot);
  return !snapshots || !snapshots->empty();
}

Result<void> RepositoryStore::check_policy(const Upload& upload) const {
  if (upload.announced_size > size_max_of(upload.id.type, policy_.limits.file_size_max)) {
    return fail(ErrorKind::denied,
                fmt::format("{} bytes are too many for {}", upload.announced_size,
                            storage::describe(upload.id)));
  }
  if (is_quarantined(upload.id)) {
    return fail(ErrorKind::denied, storage::describe(upload.id) +
                                       " is in quarantine: it does not agree with the packs that "
                                       "it names");
  }
  if (upload.id.type == FileType::key && keys_are_frozen() &&
      !around_.orders.allows_key(name_, upload.id.name)) {
    return fail(ErrorKind::denied,
                "keys are frozen since the first snapshot came; an officer may allow one by "
                "bulkhead vault enrol key");
  }
  return {};
}

// What is being received by others counts as if it were on the disk already.
Result<void> RepositoryStore::check_disk(std::uint64_t size) const {
  struct statvfs status{};
  if (::statvfs(folder_.c_str(), &status) != 0) return fail_errno(errno, folder_.string());
  const std::uint64_t free = std::uint64_t{status.f_bavail} * status.f_frsize;
  const std::uint64_t arriving = std::max(around_.whole.sums().bytes_arriving, size);
  if (free < arriving + policy_.limits.free_space_min) {
    return fail(ErrorKind::limit, "the vault's disk is full");
  }
  return {};
}

// Hashes while it arrives; writes into `file` where there is one.
Result<crypto::Sha256Digest> RepositoryStore::receive(const Upload& upload,
                                                      std::optional<int> file) const {
  crypto::Sha256 hash;
  // One byte more than was announced, to see that it is too much.
  const std::size_t piece_size = std::min<std::uint64_t>(kPieceSize, upload.announced_size + 1);
  // Not a vector, which would be filled with zeros first.
  const auto piece = std::make_unique_for_overwrite<std::uint8_t[]>(piece_size);
  std::uint64_t size = 0;
  std::uint64_t unflushed = 0;
  while (const std::size_t got = TRY(read_full(upload.source, {piece.get(), piece_size}))) {
    const ByteView bytes(piece.get(), got);
    size += got;
    if (size > upload.announced_size) break;
    hash.update(bytes);
    if (!file) continue;
    TRY_CONTEXT(around_.files.write(*file, bytes), storage::describe(upload.id));
    unflushed += got;
    if (unflushed < kFlushedAtOnce) continue;
    around_.files.begin_flushing(*file);
    unflushed = 0;
  }
  if (size != upload.announced_size) {
    return fail(ErrorKind::invalid, "the body is not as long as was announced");
  }
  const crypto::Sha256Digest digest = hash.finish();
  if (is_named_by_hash(upload.id.type) && to_hex(digest) != upload.id.name) {
    return fail(ErrorKind::invalid, fmt::format("{}: the bytes do not hash to this name",
                                                storage::describe(upload.id)));
  }
  return digest;
}

Result<bool> RepositoryStore::is_whole(const FileId& id, const Path& path) const {
  if (id.type == FileType::config) return true;
  if (id.type == FileType::parity) {
    const auto pack = TRY(repository::PackId::from_hex(id.name));
    return repository::parity_is_whole(pack, TRY(read_file(path, kParitySizeMax)));
  }
  return to_hex(TRY(digest_of(path))) == id.name;
}

// What a client sends again when it did not see our answer: it needs no room on the disk.
Result<SaveOutcome> RepositoryStore::confirm(const Upload& upload) const {
  const crypto::Sha256Digest digest = TRY(receive(upload, std::nullopt));
  if (!is_named_by_hash(upload.id.type) && digest != TRY(digest_of(path_of(upload.id)))) {
    return there_already(upload.id);
  }
  // Whoever put it there may not have got so far yet.
  TRY(around_.files.sync_folder(path_of(upload.id).parent_path()));
  return SaveOutcome::had_it_already;
}

Result<std::optional<std::uint64_t>> RepositoryStore::write_receipt(const Upload& upload) {
  if (destroyed_) return fail(ErrorKind::not_found, "the repository was destroyed");
  // Locks come and go by the thousand, and nothing counts from when they came.
  if (upload.id.type == FileType::lock) return std::nullopt;
  return TRY(receipts_->write({around_.receive_clock.now(), storage::describe(upload.id),
                               upload.announced_size, upload.client}));
}

Result<void> RepositoryStore::sync_receipt(std::optional<std::uint64_t> written) {
  if (!written) return {};
  return receipts_->sync(*written);
}

// The name is taken: the same bytes are what a client sends again when it did not see our answer.
Result<SaveOutcome> RepositoryStore::compare(const Upload& upload, IncomingFile& received) {
  const Path path = path_of(upload.id);
  const crypto::Sha256Digest stored = TRY(digest_of(path));
  if (stored == TRY(digest_of(received.path()))) {
    TRY(around_.files.sync_folder(path.parent_path()));
    return SaveOutcome::had_it_already;
  }
  if (!is_named_by_hash(upload.id.type) && TRY(is_whole(upload.id))) {
    return there_already(upload.id);
  }
  // What was received is whole, so what is stored has been damaged since.
  log::error("a damaged file was received again and mended",
             {{"repository", folder_.string()}, {"file", storage::describe(upload.id)}});
  const auto receipt = TRY(write_receipt(upload));
  TRY(sync_receipt(receipt));
  TRY(around_.files.rename_over(received.path(), path));
  received.is_placed();
  TRY(around_.files.sync_folder(path.parent_path()));
  return SaveOutcome::stored;
}

Result<SaveOutcome> RepositoryStore::keep(const Upload& upload, IncomingFile received) {
  const Path path = path_of(upload.id);
  if (std::filesystem::exists(path)) {
    TRY(received.seal());
    return compare(upload, received);
  }
  // A key that began to arrive before the first snapshot must not come in after it.
  std::unique_lock<std::mutex> order;
  if (upload.id.type == FileType::key || upload.id.type == FileType::snapshot) {
    order = std::unique_lock(first_snapshot_);
    TRY(check_policy(upload));
  }
  // The receipt before the name: a file that is there without one could never be given a time. It
  // is written first and synced last, so that the file system takes both to the disk at once; so it
  // does with those of other uploads that have come so far.
  const auto receipt = TRY(write_receipt(upload));
  TRY(received.seal());
  TRY(sync_receipt(receipt));
  if (around_.copies != nullptr) TRY(around_.copies->put(name_, upload.id, received.path()));
  if (const auto renamed = around_.files.rename_to_new(received.path(), path); !renamed) {
    if (renamed.error().kind() == ErrorKind::conflict) return compare(upload, received);
    return std::unexpected(renamed.error());
  }
  received.is_placed();
  if (!is_found_again(upload)) TRY(around_.files.sync_folder(path.parent_path()));
  return SaveOutcome::stored;
}

Result<SaveOutcome> RepositoryStore::take_in(const Upload& upload) {
  // What is there already is let through to the comparison, whatever the policy says by now.
  if (std::filesystem::exists(path_of(upload.id))) {
    if (TRY(is_whole(upload.id))) return confirm(upload);
    TRY(check_disk(upload.announced_size));
    return receive_and_keep(upload);
  }
  TRY(check_policy(upload));
  const Quotas quotas = upload.author == Author::vault ? Quotas::passed : Quotas::kept;
  Reservation own = TRY(usage_.reserve(upload.id.type, upload.announced_size, quotas));
  Reservation of_whole = TRY(around_.whole.reserve(upload.id.type, upload.announced_size, quotas));
  TRY(check_disk(upload.announced_size));
  const SaveOutcome outcome = TRY(receive_and_keep(upload));
  if (outcome == SaveOutcome::stored) {
    if (upload.author == Author::client) watch(upload, around_.receive_clock.now());
    own.keep();
    of_whole.keep();
  }
  return outcome;
}

Result<SaveOutcome> RepositoryStore::save(const Upload& upload) {
  const SaveOutcome outcome = TRY(take_in(upload));
  // Made of index files that agree, by ourselves: to read all of its packs again shows no more.
  if (upload.author == Author::vault && upload.id.type == FileType::index) {
    Inspector* const inside = TRY(inspector());
    TRY(inside->remember(upload.id.name));
  }
  return outcome;
}

Result<SaveOutcome> RepositoryStore::receive_and_keep(const Upload& upload) {
  IncomingFile incoming = TRY(incoming_.take());
  TRY(receive(upload, incoming.file()));
  if (upload.id.type == FileType::parity && !TRY(is_whole(upload.id, incoming.path()))) {
    return fail(ErrorKind::invalid,
                storage::describe(upload.id) + ": it is no parity of a pack of this name");
  }
  return keep(upload, std::move(incoming));
}

Result<void> RepositoryStore::mend(const std::string& name) {
  const FileId id{FileType::data, name};
  const Path path = path_of(id);
  const auto pack = TRY(repository::PackId::from_hex(name));
  const Bytes parity = TRY(read_file(path_of({FileType::parity, name}), kParitySizeMax));
  const Bytes damaged = TRY(read_file(path, kParitySizeMax));
  // It hashes to the name, or it is an error.
  const Bytes rebuilt = TRY(repository::rebuild_pack(pack, damaged, parity));
  return put_in_place(id, rebuilt);
}

Result<void> RepositoryStore::put_in_place(const FileId& id, ByteView content) {
  const Path path = path_of(id);
  IncomingFile incoming = TRY(incoming_.take());
  TRY(around_.files.write(incoming.file(), content));
  TRY(incoming.seal());
  if (destroyed_) return fail(ErrorKind::not_found, "the repository was destroyed");
  TRY(around_.files.rename_over(incoming.path(), path));
  incoming.is_placed();
  return around_.files.sync_folder(path.parent_path());
}

Result<FileDescriptor> RepositoryStore::load(const FileId& id) const {
  return open_file(path_of(id), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
}

Result<void> RepositoryStore::visit(FileType type, const FileVisitor& visitor) const {
  const Path folder = folder_ / storage::folder_of(type);
  if (type == FileType::snapshot) {
    return visit_files(folder, [&](const FileInfo& file) {
      visitor({file.name, file.size, received_at(file.name)});
    });
  }
  if (type != FileType::data) return visit_files(folder, visitor);
  for (int prefix = 0; prefix < 256; ++prefix) {
    TRY(visit_files(folder / fmt::format("{:02x}", prefix), visitor));
  }
  return {};
}

Result<std::vector<FileInfo>> RepositoryStore::list(FileType type) const {
  std::vector<FileInfo> files;
  TRY(visit(type, [&](const FileInfo& file) { files.push_back(file); }));
  return files;
}

}  // namespace bulkhead::vault
