#include "ledger/files.h"

#include <algorithm>
#include <cerrno>
#include <set>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

namespace bulkhead::ledger {
namespace {

constexpr mode_t kFileMode = 0640;
constexpr mode_t kFolderMode = 0750;
constexpr std::string_view kUnfinished = ".new";
// Each takes a descriptor until it is on disk.
constexpr std::size_t kFilesAtOnceMax = 128;

Path unfinished(const Path& path) {
  Path out = path;
  out += kUnfinished;
  return out;
}

// Written, and on its way to the disk, but not waited for.
Result<FileDescriptor> write_whole(const Path& path, ByteView content) {
  FileDescriptor file = TRY(open_file(path, O_WRONLY | O_CREAT | O_TRUNC, kFileMode));
  TRY_CONTEXT(write_all(file.get(), content), fmt::format("writing {}", path.native()));
  // Only a hint, so that many files come to the disk together; sync_whole() is what counts.
  (void)::sync_file_range(file.get(), 0, 0, SYNC_FILE_RANGE_WRITE);
  return file;
}

}  // namespace

Result<Bytes> LocalFiles::read(const std::string& name, std::size_t size_max) {
  return read_file(folder_ / name, size_max);
}

Result<std::vector<std::string>> LocalFiles::list(const std::string& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (std::filesystem::directory_iterator at(folder_ / folder, error), end; !error && at != end;
       at.increment(error)) {
    std::string name = at->path().filename().native();
    if (!name.ends_with(kUnfinished)) names.push_back(std::move(name));
  }
  if (error && error != std::errc::no_such_file_or_directory) {
    return fail_errno(error.value(), fmt::format("listing {}", (folder_ / folder).native()));
  }
  std::ranges::sort(names);
  return names;
}

Result<void> LocalFiles::sync_folder(const Path& folder) {
  ++syncs_;
  return sync_directory(folder);
}

Result<void> LocalFiles::sync_whole(FileDescriptor file, const std::string& name) {
  ++syncs_;
  if (::fdatasync(file.get()) != 0) return fail_errno(errno, fmt::format("syncing {}", name));
  return file.close();
}

void LocalFiles::forget_appended(const std::string& name) {
  const std::lock_guard lock(mutex_);
  if (name == appended_) appended_.clear();
}

// A new folder is on disk only when the folder that it lies in is.
Result<void> LocalFiles::make_folder(const Path& folder) {
  if (::mkdir(folder.c_str(), kFolderMode) == 0) return sync_folder(folder.parent_path());
  if (errno == EEXIST) return {};
  if (errno != ENOENT || !folder.has_parent_path()) {
    return fail_errno(errno, fmt::format("making folder {}", folder.native()));
  }
  TRY(make_folder(folder.parent_path()));
  if (::mkdir(folder.c_str(), kFolderMode) != 0 && errno != EEXIST) {
    return fail_errno(errno, fmt::format("making folder {}", folder.native()));
  }
  return sync_folder(folder.parent_path());
}

Result<void> LocalFiles::put(std::span<const NewFile> files) {
  while (files.size() > kFilesAtOnceMax) {
    TRY(put(files.first(kFilesAtOnceMax)));
    files = files.subspan(kFilesAtOnceMax);
  }
  std::set<Path> folders;
  std::vector<FileDescriptor> written;
  for (const NewFile& file : files) {
    const Path path = folder_ / file.name;
    if (folders.insert(path.parent_path()).second) TRY(make_folder(path.parent_path()));
    written.push_back(TRY(write_whole(unfinished(path), file.content)));
  }
  for (std::size_t i = 0; i < files.size(); ++i) {
    TRY(sync_whole(std::move(written[i]), files[i].name));
  }
  for (const NewFile& file : files) {
    const Path path = folder_ / file.name;
    if (::rename(unfinished(path).c_str(), path.c_str()) != 0) {
      return fail_errno(errno, fmt::format("renaming to {}", path.native()));
    }
    forget_appended(file.name);
  }
  for (const Path& folder : folders) TRY(sync_folder(folder));
  return {};
}

Result<void> LocalFiles::append(const std::string& name, ByteView content) {
  const Path path = folder_ / name;
  {
    const std::lock_guard lock(mutex_);
    if (appended_ != name) {
      append_to_ = TRY(open_file(path, O_WRONLY | O_APPEND));
      appended_ = name;
    }
  }
  TRY_CONTEXT(write_all(append_to_.get(), content), fmt::format("writing {}", path.native()));
  ++syncs_;
  if (::fdatasync(append_to_.get()) != 0) {
    return fail_errno(errno, fmt::format("syncing {}", path.native()));
  }
  return {};
}

Result<void> LocalFiles::remove(const std::string& name) {
  forget_appended(name);
  return remove_tree(folder_ / name);
}

}  // namespace bulkhead::ledger
