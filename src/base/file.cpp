#include "base/file.h"

#include <atomic>
#include <cerrno>
#include <cstdlib>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

namespace bulkhead {

Result<FileDescriptor> open_file(const Path& path, int flags, mode_t mode) {
  while (true) {
    const int fd = ::open(path.c_str(), flags | O_CLOEXEC, mode);
    if (fd >= 0) return FileDescriptor(fd);
    if (errno != EINTR) return fail_errno(errno, fmt::format("opening {}", path.native()));
  }
}

Result<Bytes> read_file(const Path& path, std::size_t limit) {
  const FileDescriptor file = TRY(open_file(path, O_RDONLY));
  return TRY_CONTEXT(read_to_end(file.get(), limit), fmt::format("reading {}", path.native()));
}

Result<std::string> read_text_file(const Path& path, std::size_t limit) {
  const Bytes bytes = TRY(read_file(path, limit));
  return std::string(as_text(bytes));
}

Result<void> sync_directory(const Path& path) {
  const FileDescriptor folder = TRY(open_file(path.empty() ? "." : path, O_RDONLY | O_DIRECTORY));
  if (::fsync(folder.get()) != 0)
    return fail_errno(errno, fmt::format("syncing {}", path.native()));
  return {};
}

namespace {

Result<void> write_and_sync(const Path& path, ByteView content, mode_t mode) {
  FileDescriptor file = TRY(open_file(path, O_WRONLY | O_CREAT | O_EXCL, mode));
  TRY_CONTEXT(write_all(file.get(), content), fmt::format("writing {}", path.native()));
  if (::fsync(file.get()) != 0) return fail_errno(errno, fmt::format("syncing {}", path.native()));
  return file.close();
}

// Unlike the process id alone, unique among the threads of one process too.
Path temporary_name_beside(const Path& path) {
  static std::atomic<unsigned> serial{0};
  return path.parent_path() /
         fmt::format(".{}.{}-{}.new", path.filename().native(), ::getpid(), serial++);
}

}  // namespace

Result<void> write_file_atomic(const Path& path, ByteView content, mode_t mode) {
  const Path temporary = temporary_name_beside(path);
  auto written = write_and_sync(temporary, content, mode);
  if (written && ::rename(temporary.c_str(), path.c_str()) != 0) {
    written = fail_errno(errno, fmt::format("renaming to {}", path.native()));
  }
  if (!written) {
    ::unlink(temporary.c_str());
    return written;
  }
  return sync_directory(path.parent_path());
}

Result<void> make_directories(const Path& path, mode_t mode) {
  if (path.empty()) return {};
  if (::mkdir(path.c_str(), mode) == 0 || errno == EEXIST) {
    struct stat status{};
    if (::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) return {};
    return fail(ErrorKind::conflict, fmt::format("{} exists and is not a folder", path.native()));
  }
  if (errno != ENOENT || !path.has_parent_path() || path.parent_path() == path) {
    return fail_errno(errno, fmt::format("making folder {}", path.native()));
  }
  TRY(make_directories(path.parent_path(), mode));
  if (::mkdir(path.c_str(), mode) != 0 && errno != EEXIST) {
    return fail_errno(errno, fmt::format("making folder {}", path.native()));
  }
  return {};
}

Result<void> remove_tree(const Path& path) {
  std::error_code error;
  std::filesystem::remove_all(path, error);
  if (error) return fail_errno(error.value(), fmt::format("removing {}", path.native()));
  return {};
}

Result<void> replace_symlink(const Path& link, const Path& target) {
  const Path temporary = temporary_name_beside(link);
  if (::symlink(target.c_str(), temporary.c_str()) != 0) {
    return fail_errno(errno, fmt::format("making link {}", temporary.native()));
  }
  if (::rename(temporary.c_str(), link.c_str()) != 0) {
    const int error_number = errno;
    ::unlink(temporary.c_str());
    return fail_errno(error_number, fmt::format("replacing link {}", link.native()));
  }
  return sync_directory(link.parent_path());
}

Result<TemporaryDirectory> TemporaryDirectory::create(std::string_view prefix) {
  std::error_code ignored;
  const Path base = std::filesystem::temp_directory_path(ignored);
  std::string pattern = (base / fmt::format("{}-XXXXXX", prefix)).native();
  if (::mkdtemp(pattern.data()) == nullptr) return fail_errno(errno, "making a temporary folder");
  return TemporaryDirectory(Path(pattern));
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

}  // namespace bulkhead
