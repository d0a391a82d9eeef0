#include "vault/file_layer.h"

#include <cerrno>
#include <cstdio>

#include <sys/stat.h>
#include <unistd.h>

namespace bulkhead::vault {
namespace {

class SystemFiles final : public FileLayer {
 public:
  Result<FileDescriptor> create(const Path& path) override {
    return open_file(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  }
  Result<FileDescriptor> reopen(const Path& path) override {
    return open_file(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
  }
  Result<FileDescriptor> open_log(const Path& path) override {
    return open_file(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  }
  Result<void> write(int file, ByteView bytes) override { return write_all(file, bytes); }
  void begin_flushing(int file) override {
    (void)::sync_file_range(file, 0, 0, SYNC_FILE_RANGE_WRITE);
  }
  Result<void> seal(int file) override {
    if (::fchmod(file, kSealedMode) != 0 || ::fsync(file) != 0) {
      return fail_errno(errno, "syncing what was received");
    }
    return {};
  }
  Result<void> sync_data(int file) override {
    if (::fdatasync(file) != 0) return fail_errno(errno, "syncing a log");
    return {};
  }
  Result<void> rename_to_new(const Path& from, const Path& to) override {
    if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) != 0) {
      return fail_errno(errno, to.native());
    }
    return {};
  }
  Result<void> rename_over(const Path& from, const Path& to) override {
    if (::rename(from.c_str(), to.c_str()) != 0) return fail_errno(errno, to.native());
    return {};
  }
  Result<void> sync_folder(const Path& folder) override { return sync_directory(folder); }
  Result<void> remove(const Path& path) override {
    if (::unlink(path.c_str()) != 0) return fail_errno(errno, path.native());
    return {};
  }
};

}  // namespace

FileLayer& system_files() {
  static SystemFiles files;
  return files;
}

}  // namespace bulkhead::vault
