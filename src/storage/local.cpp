#include "storage/local.h"

#include <algorithm>
#include <atomic>
#include <cerrno>

#include <dirent.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "storage/file_names.h"

namespace bulkhead::storage {
namespace {

constexpr mode_t kFolderMode = 0700;
constexpr mode_t kFileMode = 0600;
// Far above any file of the format; a bound on what one load may take of memory.
constexpr std::size_t kFileSizeMax = std::size_t{1} << 32;

struct DirectoryCloser {
  void operator()(DIR* directory) const { ::closedir(directory); }
};
using Directory = std::unique_ptr<DIR, DirectoryCloser>;

class LocalBackend final : public Backend {
 public:
  explicit LocalBackend(Path folder) : folder_(std::move(folder)) {}

  std::string location() const override { return "local:" + folder_.native(); }
  Result<void> create() override;
  Result<void> save(const FileId& id, ByteView content) override;
  Result<UnnamedFile> begin_file() override;
  Result<void> save_file(const FileId& id, const UnnamedFile& file) override;
  Result<Bytes> load(const FileId& id) override;
  Result<Bytes> load_part(const FileId& id, std::uint64_t offset, std::uint64_t length) override;
  Result<void> load_part_into(const FileId& id, std::uint64_t offset, MutableByteView out) override;
  Result<FileInfo> stat(const FileId& id) override;
  Result<std::vector<FileInfo>> list(FileType type) override;
  Result<void> remove(const FileId& id) override;
  Result<void> replace(const FileId& id, ByteView content) override;

 private:
  Path path_of(const FileId& id) const;
  Result<FileDescriptor> open_part(const FileId& id, std::uint64_t offset,
                                   std::uint64_t length) const;
  Result<void> list_folder(const Path& folder, std::vector<FileInfo>& out) const;
  Result<void> write_temporary(const FileId& id, const Path& temporary, ByteView content) const;

  const Path folder_;
};

Result<void> read_part(const FileDescriptor& file, const FileId& id, std::uint64_t offset,
                       MutableByteView out) {
  std::size_t done = 0;
  while (done < out.size()) {
    const ssize_t got = ::pread(file.get(), out.data() + done, out.size() - done,
                                static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_errno(errno, "reading " + describe(id));
    if (got == 0) return fail(ErrorKind::corrupt, describe(id) + " became shorter meanwhile");
    done += static_cast<std::size_t>(got);
  }
  return {};
}

WallTime received_of(const struct stat& status) {
  return WallTime(std::chrono::seconds(status.st_mtim.tv_sec) +
                  std::chrono::nanoseconds(status.st_mtim.tv_nsec));
}

Path LocalBackend::path_of(const FileId& id) const {
  if (id.type == FileType::config) return folder_ / "config";
  const Path folder = folder_ / folder_of(id.type);
  return id.type == FileType::data ? folder / id.name.substr(0, 2) / id.name : folder / id.name;
}

Result<void> LocalBackend::create() {
  if (::access((folder_ / "config").c_str(), F_OK) == 0) {
    return fail(ErrorKind::conflict, fmt::format("{} holds a repository already", location()));
  }
  for (const FileType type :
       {FileType::key, FileType::lock, FileType::snapshot, FileType::index, FileType::data}) {
    TRY(make_directories(folder_ / folder_of(type), kFolderMode));
  }
  for (unsigned first = 0; first < 256; ++first) {
    TRY(make_directories(folder_ / "data" / fmt::format("{:02x}", first), kFolderMode));
  }
  return sync_directory(folder_ / "data");
}

Path temporary_beside(const Path& path) {
  static std::atomic<unsigned> serial{0};
  return path.parent_path() /
         fmt::format(".{}-{}.tmp", ::getpid(), serial.fetch_add(1, std::memory_order_relaxed));
}

Result<void> write_and_sync(const Path& path, ByteView content) {
  FileDescriptor file = TRY(open_file(path, O_WRONLY | O_CREAT | O_EXCL, kFileMode));
  TRY_CONTEXT(write_all(file.get(), content), fmt::format("writing {}", path.native()));
  if (::fsync(file.get()) != 0) return fail_errno(errno, fmt::format("syncing {}", path.native()));
  return file.close();
}

// link(2) in place of rename(2), since it never replaces a file that is there.
Result<void> link_to_name(const Path& temporary, const Path& path, ByteView content) {
  if (::link(temporary.c_str(), path.c_str()) == 0) return {};
  if (errno != EEXIST) return fail_errno(errno, fmt::format("linking {}", path.native()));
  const Bytes existing = TRY(read_file(path, kFileSizeMax));
  if (std::ranges::equal(existing, content)) return {};
  return fail(ErrorKind::conflict,
              fmt::format("{} exists already with other content", path.native()));
}

Result<void> LocalBackend::write_temporary(const FileId& id, const Path& temporary,
                                           ByteView content) const {
  const auto written = write_and_sync(temporary, content);
  const bool made_on_demand = id.type == FileType::data || id.type == FileType::parity;
  if (written || written.error().kind() != ErrorKind::not_found || !made_on_demand) return written;
  // A repository made by another program may lack folders of data/.
  const Path folder = temporary.parent_path();
  TRY(make_directories(folder, kFolderMode));
  TRY(sync_directory(folder.parent_path()));
  return write_and_sync(temporary, content);
}

Result<void> LocalBackend::replace(const FileId& id, ByteView content) {
  TRY(require_file_name(id));
  const Path path = path_of(id);
  const Path temporary = temporary_beside(path);
  auto written = write_temporary(id, temporary, content);
  if (written && ::rename(temporary.c_str(), path.c_str()) != 0) {
    written = fail_errno(errno, fmt::format("renaming to {}", path.native()));
  }
  if (!written) {
    ::unlink(temporary.c_str());
    return written;
  }
  return sync_directory(path.parent_path());
}

Result<void> LocalBackend::save(const FileId& id, ByteView content) {
  TRY(require_file_name(id));
  const Path path = path_of(id);
  const Path temporary = temporary_beside(path);
  auto written = write_temporary(id, temporary, content);
  if (written) written = link_to_name(temporary, path, content);
  ::unlink(temporary.c_str());
  if (!written) return written;
  return sync_directory(path.parent_path());
}

Result<UnnamedFile> LocalBackend::begin_file() { return UnnamedFile::create(folder_ / "data"); }

Result<void> LocalBackend::save_file(const FileId& id, const UnnamedFile& file) {
  TRY(require_file_name(id));
  const Path path = path_of(id);
  const bool named = file.can_be_named() && file.name(path);
  if (named) return sync_directory(path.parent_path());
  // The name is taken, its folder is missing, or there is no /proc: save() knows what to do.
  return Backend::save_file(id, file);
}

Result<Bytes> LocalBackend::load(const FileId& id) {
  TRY(require_file_name(id));
  return read_file(path_of(id), kFileSizeMax);
}

// The file, once it is known to hold the part.
Result<FileDescriptor> LocalBackend::open_part(const FileId& id, std::uint64_t offset,
                                               std::uint64_t length) const {
  TRY(require_file_name(id));
  FileDescriptor file = TRY(open_file(path_of(id), O_RDONLY));
  struct stat status{};
  if (::fstat(file.get(), &status) != 0) return fail_errno(errno, "reading " + describe(id));
  const auto size = static_cast<std::uint64_t>(status.st_size);
  if (offset <= size && length <= size - offset) return file;
  return fail(ErrorKind::corrupt, fmt::format("{} has {} bytes; {} at {} were asked for",
                                              describe(id), size, length, offset));
}

Result<Bytes> LocalBackend::load_part(const FileId& id, std::uint64_t offset,
                                      std::uint64_t length) {
  const FileDescriptor file = TRY(open_part(id, offset, length));
  Bytes bytes(length);
  TRY(read_part(file, id, offset, bytes));
  return bytes;
}

Result<void> LocalBackend::load_part_into(const FileId& id, std::uint64_t offset,
                                          MutableByteView out) {
  const FileDescriptor file = TRY(open_part(id, offset, out.size()));
  return read_part(file, id, offset, out);
}

Result<FileInfo> LocalBackend::stat(const FileId& id) {
  TRY(require_file_name(id));
  struct stat status{};
  if (::stat(path_of(id).c_str(), &status) != 0) return fail_errno(errno, describe(id));
  return FileInfo{id.name, static_cast<std::uint64_t>(status.st_size), received_of(status)};
}

Result<void> LocalBackend::list_folder(const Path& folder, std::vector<FileInfo>& out) const {
  const Directory directory(::opendir(folder.c_str()));
  if (!directory) {
    if (errno == ENOENT) return {};
    return fail_errno(errno, fmt::format("listing {}", folder.native()));
  }
  while (true) {
    errno = 0;
    const dirent* entry = ::readdir(directory.get());
    if (entry == nullptr) break;
    if (!is_file_name(entry->d_name)) continue;
    struct stat status{};
    if (::fstatat(::dirfd(directory.get()), entry->d_name, &status, 0) != 0) {
      if (errno == ENOENT) continue;  // removed meanwhile
      return fail_errno(errno, fmt::format("listing {}", folder.native()));
    }
    out.push_back({entry->d_name, static_cast<std::uint64_t>(status.st_size), received_of(status)});
  }
  if (errno != 0) return fail_errno(errno, fmt::format("listing {}", folder.native()));
  return {};
}

Result<std::vector<FileInfo>> LocalBackend::list(FileType type) {
  std::vector<FileInfo> files;
  if (type == FileType::config) {
    const auto config = stat({FileType::config, ""});
    if (config) files.push_back(*config);
    else if (config.error().kind() != ErrorKind::not_found) return std::unexpected(config.error());
    return files;
  }
  const Path folder = folder_ / folder_of(type);
  if (type != FileType::data) {
    TRY(list_folder(folder, files));
    return files;
  }
  for (unsigned first = 0; first < 256; ++first) {
    TRY(list_folder(folder / fmt::format("{:02x}", first), files));
  }
  return files;
}

Result<void> LocalBackend::remove(const FileId& id) {
  TRY(require_file_name(id));
  const Path path = path_of(id);
  if (::unlink(path.c_str()) != 0) return fail_errno(errno, "removing " + describe(id));
  return sync_directory(path.parent_path());
}

}  // namespace

Result<std::unique_ptr<Backend>> open_local(std::string_view folder) {
  if (folder.empty()) return fail(ErrorKind::invalid, "the repository's location is empty");
  std::error_code error;
  const Path absolute = std::filesystem::absolute(Path(folder), error);
  if (error) return fail_errno(error.value(), fmt::format("opening {}", folder));
  return std::make_unique<LocalBackend>(absolute.lexically_normal());
}

}  // namespace bulkhead::storage
