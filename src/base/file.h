// Whole files: read with a limit, written so that after a crash either the old or the new content
// is there, never a mixture.
#pragma once

#include <filesystem>
#include <string>

#include <fcntl.h>
#include <sys/types.h>

#include "base/file_descriptor.h"

namespace bulkhead {

using Path = std::filesystem::path;

Result<FileDescriptor> open_file(const Path& path, int flags, mode_t mode = 0);
Result<Bytes> read_file(const Path& path, std::size_t limit);
Result<std::string> read_text_file(const Path& path, std::size_t limit);

// Temporary file beside it, fsync, rename, fsync of the folder.
Result<void> write_file_atomic(const Path& path, ByteView content, mode_t mode = 0644);
Result<void> sync_directory(const Path& path);

// mkdir -p; what exists already is left as it is.
Result<void> make_directories(const Path& path, mode_t mode = 0755);
Result<void> remove_tree(const Path& path);
// Makes `link` point to `target` in one step, whatever it pointed to before.
Result<void> replace_symlink(const Path& link, const Path& target);

// A folder of its own under the system's temporary folder, removed with all in it.
class TemporaryDirectory {
 public:
  static Result<TemporaryDirectory> create(std::string_view prefix);
  TemporaryDirectory(TemporaryDirectory&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  TemporaryDirectory& operator=(TemporaryDirectory&&) = delete;
  ~TemporaryDirectory();
  const Path& path() const { return path_; }

 private:
  explicit TemporaryDirectory(Path path) : path_(std::move(path)) {}
  Path path_;
};

}  // namespace bulkhead
