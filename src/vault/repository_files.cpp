#include "vault/repository_files.h"

#include <cerrno>
#include <memory>

#include <dirent.h>
#include <sys/stat.h>

#include "storage/file_names.h"

namespace bulkhead::vault {
namespace {

constexpr std::size_t kPieceSize = 256 * 1024;

struct CloseFolder {
  void operator()(DIR* folder) const { ::closedir(folder); }
};

}  // namespace

Result<crypto::Sha256Digest> digest_of(const Path& path) {
  const FileDescriptor file = TRY(open_file(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  crypto::Sha256 hash;
  Bytes piece(kPieceSize);
  while (const std::size_t got = TRY(read_some(file.get(), piece))) {
    hash.update(ByteView(piece).first(got));
  }
  return hash.finish();
}

Result<void> visit_files(const Path& path, const FileVisitor& visitor) {
  const std::unique_ptr<DIR, CloseFolder> folder(::opendir(path.c_str()));
  if (!folder) return fail_errno(errno, path.native());
  const int descriptor = ::dirfd(folder.get());
  storage::FileInfo file;  // one for all: its name's memory is used again
  while (true) {
    errno = 0;
    const dirent* const entry = ::readdir(folder.get());
    if (entry == nullptr) break;
    if (!storage::is_file_name(entry->d_name)) continue;
    struct stat status{};
    // By its name alone: the path to it was walked once, at the opening.
    if (::fstatat(descriptor, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0) continue;
    if (!S_ISREG(status.st_mode)) continue;
    file.name = entry->d_name;
    file.size = static_cast<std::uint64_t>(status.st_size);
    visitor(file);
  }
  if (errno != 0) return fail_errno(errno, path.native());
  return {};
}

Result<std::vector<storage::FileInfo>> files_in(const Path& folder) {
  std::vector<storage::FileInfo> files;
  TRY(visit_files(folder, [&](const storage::FileInfo& file) { files.push_back(file); }));
  return files;
}

}  // namespace bulkhead::vault
