#include "vault/store_backend.h"

#include <algorithm>
#include <cerrno>

#include <sys/stat.h>
#include <unistd.h>

#include "storage/file_names.h"

namespace bulkhead::vault {

using storage::FileId;
using storage::FileInfo;
using storage::FileType;

namespace {

constexpr std::size_t kFileSizeMax = std::size_t{1} << 30;

Result<std::uint64_t> size_of(int file, const FileId& id) {
  struct stat status{};
  if (::fstat(file, &status) != 0) return fail_errno(errno, storage::describe(id));
  return static_cast<std::uint64_t>(status.st_size);
}

}  // namespace

Result<void> StoreBackend::create() {
  return fail(ErrorKind::conflict, location() + " is there already");
}

Result<void> StoreBackend::save(const FileId& id, ByteView content) {
  std::size_t at = 0;
  const Source source = [&](MutableByteView out) -> Result<std::size_t> {
    const std::size_t count = std::min(out.size(), content.size() - at);
    std::copy_n(content.begin() + static_cast<std::ptrdiff_t>(at), count, out.begin());
    at += count;
    return count;
  };
  TRY(store_.save({.id = id,
                   .announced_size = content.size(),
                   .source = source,
                   .client = std::string(kOwnClient),
                   .author = Author::vault}));
  return {};
}

Result<storage::UnnamedFile> StoreBackend::begin_file() {
  return storage::UnnamedFile::create(store_.folder());
}

Result<Bytes> StoreBackend::load(const FileId& id) {
  const FileDescriptor file = TRY(store_.load(id));
  return read_to_end(file.get(), kFileSizeMax);
}

Result<Bytes> StoreBackend::load_part(const FileId& id, std::uint64_t offset,
                                      std::uint64_t length) {
  const FileDescriptor file = TRY(store_.load(id));
  const std::uint64_t size = TRY(size_of(file.get(), id));
  if (offset > size || length > size - offset) {
    return fail(ErrorKind::corrupt, storage::describe(id) + " is shorter than was thought");
  }
  if (::lseek(file.get(), static_cast<off_t>(offset), SEEK_SET) < 0) {
    return fail_errno(errno, storage::describe(id));
  }
  Bytes out(length);
  std::size_t filled = 0;
  while (filled < out.size()) {
    const std::size_t got = TRY(read_some(file.get(), MutableByteView(out).subspan(filled)));
    if (got == 0) return fail(ErrorKind::corrupt, storage::describe(id) + " ends too early");
    filled += got;
  }
  return out;
}

Result<FileInfo> StoreBackend::stat(const FileId& id) {
  const FileDescriptor file = TRY(store_.load(id));
  return FileInfo{id.name, TRY(size_of(file.get(), id))};
}

Result<std::vector<FileInfo>> StoreBackend::list(FileType type) {
  std::vector<FileInfo> files = TRY(store_.list(type));
  if (type != FileType::index) return files;
  // One that was not compared with its packs yet, or lies, must not be written down anew as ours.
  Result<void> asked;
  std::erase_if(files, [&](const FileInfo& file) {
    const auto agrees = asked ? store_.index_agrees(file.name) : Result<bool>(false);
    if (!agrees) asked = std::unexpected(agrees.error());
    return !agrees || !*agrees;
  });
  TRY(std::move(asked));
  return files;
}

Result<void> StoreBackend::remove(const FileId& id) {
  const auto removed = store_.remove(id, Author::vault);
  if (removed) return {};
  if (removed.error().kind() != ErrorKind::denied) return std::unexpected(removed.error());
  ++still_locked_;
  return {};
}

}  // namespace bulkhead::vault
