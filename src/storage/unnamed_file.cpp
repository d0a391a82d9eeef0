#include "storage/unnamed_file.h"

#include <cerrno>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

namespace bulkhead::storage {
namespace {

constexpr mode_t kMode = 0600;

}  // namespace

Result<UnnamedFile> UnnamedFile::create(const Path& folder) {
  auto file = open_file(folder, O_TMPFILE | O_RDWR, kMode);
  if (!file) return in_memory();
  return UnnamedFile(*std::move(file), Kind::in_folder);
}

Result<UnnamedFile> UnnamedFile::in_memory() {
  const int fd = ::memfd_create("bulkhead", MFD_CLOEXEC);
  if (fd < 0) return fail_errno(errno, "making a file in memory");
  return UnnamedFile(FileDescriptor(fd), Kind::in_memory);
}

Result<void> UnnamedFile::append(ByteView bytes) {
  TRY(write_all(file_.get(), bytes));
  size_ += bytes.size();
  return {};
}

Result<MappedFile> UnnamedFile::map() const {
  return MappedFile::map(file_.get(), static_cast<std::size_t>(size_));
}

Result<void> UnnamedFile::name(const Path& path) const {
  if (::fsync(file_.get()) != 0) return fail_errno(errno, "syncing " + path.native());
  const std::string self = fmt::format("/proc/self/fd/{}", file_.get());
  if (::linkat(AT_FDCWD, self.c_str(), AT_FDCWD, path.c_str(), AT_SYMLINK_FOLLOW) == 0) return {};
  return fail_errno(errno, "naming " + path.native());
}

}  // namespace bulkhead::storage
