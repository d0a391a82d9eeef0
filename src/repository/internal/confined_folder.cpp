#include "repository/internal/confined_folder.h"

#include <cerrno>
#include <memory>

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

namespace bulkhead::repository {
namespace {

// Until its attributes are applied nobody else reads what is restored.
constexpr mode_t kFolderMode = 0700;
constexpr mode_t kFileMode = 0600;

std::string shown(const std::string& path) { return quote_name(path); }

timespec to_timespec(WallTime time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  return {static_cast<time_t>(seconds.time_since_epoch().count()),
          static_cast<long>((time - seconds).count())};
}

bool is_owner_permitted() {
  static const bool root = ::geteuid() == 0;
  return root;
}

// Attributes of the system and of security need not exist where a snapshot is restored, and may
// need rights that we lack; users' own attributes must come back.
bool may_be_left_out(const std::string& name, int error_number) {
  const bool refused = error_number == EPERM || error_number == ENOTSUP || error_number == EINVAL;
  return refused && !name.starts_with("user.");
}

template <typename Set>
Result<void> apply_attributes(const std::string& path, const Node& node, const Set& set) {
  for (const ExtendedAttribute& attribute : node.extended_attributes) {
    const int done = set(attribute.name.c_str(), attribute.value.data(), attribute.value.size());
    if (done == 0 || may_be_left_out(attribute.name, errno)) continue;
    return fail_errno(errno, fmt::format("setting {} of {}", attribute.name, shown(path)));
  }
  return {};
}

Result<void> unlink_in(const FileDescriptor& folder, const std::string& name) {
  if (::unlinkat(folder.get(), name.c_str(), 0) == 0 || errno == ENOENT) return {};
  if (errno == EISDIR) {
    return fail(ErrorKind::conflict, shown(name) + " is a folder in the target");
  }
  return fail_errno(errno, "replacing " + shown(name));
}

// A new file in this folder has the owner that it shall have without being given it: whether it
// takes its group from its maker or from the folder, it is the same one.
bool is_born_with_owner(const Node& node, const OpenFolder& folder) {
  static const std::uint32_t user = ::geteuid();
  static const std::uint32_t group = ::getegid();
  return node.uid == user && node.gid == group && folder.group == group;
}

}  // namespace

Result<ConfinedFolder> ConfinedFolder::open(const Path& folder) {
  FileDescriptor opened = TRY(open_file(folder, O_RDONLY | O_DIRECTORY));
  return ConfinedFolder(std::move(opened));
}

Result<FileDescriptor> ConfinedFolder::open_below(const std::string& path, int flags,
                                                  mode_t mode) const {
  open_how how{};
  how.flags = static_cast<std::uint64_t>(flags | O_NOFOLLOW | O_CLOEXEC);
  how.mode = mode;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  const std::string relative = path.empty() ? "." : path;
  while (true) {
    const long fd = ::syscall(SYS_openat2, folder_.get(), relative.c_str(), &how, sizeof how);
    if (fd >= 0) return FileDescriptor(static_cast<int>(fd));
    if (errno != EINTR && errno != EAGAIN) return fail_errno(errno, shown(path));
  }
}

Result<ConfinedFolder::Place> ConfinedFolder::place_of(const std::string& path) const {
  const std::size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "" : path.substr(0, slash);
  FileDescriptor parent = TRY(open_below(folder, O_PATH | O_DIRECTORY));
  return Place{std::move(parent), slash == std::string::npos ? path : path.substr(slash + 1)};
}

Result<OpenFolder> ConfinedFolder::open_folder(const std::string& path) const {
  OpenFolder folder{TRY(open_below(path, O_PATH | O_DIRECTORY))};
  struct stat status{};
  if (::fstat(folder.descriptor.get(), &status) != 0) return fail_errno(errno, shown(path));
  folder.group = status.st_gid;
  return folder;
}

Result<void> ConfinedFolder::clear(const Place& place, Existing existing) const {
  if (existing == Existing::refuse) return {};
  return unlink_in(place.parent, place.name);
}

Result<void> ConfinedFolder::make_directory(const std::string& path, Existing existing) const {
  const Place place = TRY(place_of(path));
  if (::mkdirat(place.parent.get(), place.name.c_str(), kFolderMode) == 0) return {};
  if (errno != EEXIST || existing == Existing::refuse) {
    return fail_errno(errno, "making folder " + shown(path));
  }
  if (open_below(path, O_PATH | O_DIRECTORY)) return {};
  TRY(clear(place, existing));
  if (::mkdirat(place.parent.get(), place.name.c_str(), kFolderMode) == 0) return {};
  return fail_errno(errno, "making folder " + shown(path));
}

Result<void> ConfinedFolder::resize_file(const std::string& path, std::uint64_t size) const {
  auto file = open_below(path, O_WRONLY);
  if (!file && file.error().kind() == ErrorKind::denied) {
    // Its owner may write to it once its mode says so, and its own mode comes back at the end.
    const FileDescriptor object = TRY(open_below(path, O_PATH));
    ::chmod(fmt::format("/proc/self/fd/{}", object.get()).c_str(), kFileMode);
    file = open_below(path, O_WRONLY);
  }
  if (!file) return std::unexpected(file.error());
  if (::ftruncate(file->get(), static_cast<off_t>(size)) != 0) {
    return fail_errno(errno, "resizing " + shown(path));
  }
  return file->close();
}

Result<void> ConfinedFolder::make_hole(const std::string& path, std::uint64_t offset,
                                       std::uint64_t size) const {
  const FileDescriptor file = TRY(open_below(path, O_WRONLY));
  const int done = ::fallocate(file.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                               static_cast<off_t>(offset), static_cast<off_t>(size));
  if (done == 0) return {};
  if (errno != EOPNOTSUPP) return fail_errno(errno, "making a hole in " + shown(path));
  return write_at(path, offset, Bytes(static_cast<std::size_t>(size)));
}

Result<void> ConfinedFolder::write_at(const std::string& path, std::uint64_t offset,
                                      ByteView bytes) const {
  FileDescriptor file = TRY(open_below(path, O_WRONLY));
  TRY(write_to(file, path, offset, bytes));
  return file.close();
}

Result<void> ConfinedFolder::make_special(const std::string& path, const Node& node,
                                          Existing existing) const {
  const Place place = TRY(place_of(path));
  TRY(clear(place, existing));
  if (node.type == NodeType::symlink) {
    if (::symlinkat(node.link_target.c_str(), place.parent.get(), place.name.c_str()) != 0) {
      return fail_errno(errno, "making link " + shown(path));
    }
    return {};
  }
  const std::uint32_t type = file_type_bits(node.type);
  if (::mknodat(place.parent.get(), place.name.c_str(), type | kFileMode, node.device) != 0) {
    return fail_errno(errno, fmt::format("making {} {}", name_of(node.type), shown(path)));
  }
  return {};
}

Result<void> ConfinedFolder::make_hard_link(const std::string& existing_path,
                                            const std::string& path, Existing existing) const {
  const Place from = TRY(place_of(existing_path));
  const Place to = TRY(place_of(path));
  TRY(clear(to, existing));
  if (::linkat(from.parent.get(), from.name.c_str(), to.parent.get(), to.name.c_str(), 0) == 0) {
    return {};
  }
  return fail_errno(errno, fmt::format("linking {} to {}", shown(path), shown(existing_path)));
}

Result<std::uint64_t> ConfinedFolder::remove(const std::string& path) const {
  const Place place = TRY(place_of(path));
  if (::unlinkat(place.parent.get(), place.name.c_str(), 0) == 0) return 1;
  if (errno != EISDIR) return fail_errno(errno, "removing " + shown(path));
  std::uint64_t removed = 1;
  // By its own descriptor: nobody can put a link in its place meanwhile.
  FileDescriptor folder = TRY(open_below(path, O_RDONLY | O_DIRECTORY));
  const std::unique_ptr<DIR, int (*)(DIR*)> listing(::fdopendir(folder.release()), ::closedir);
  if (!listing) return fail_errno(errno, "listing " + shown(path));
  std::vector<std::string> names;
  while (const dirent* entry = ::readdir(listing.get())) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  for (const std::string& name : names) removed += TRY(remove(path + "/" + name));
  if (::unlinkat(place.parent.get(), place.name.c_str(), AT_REMOVEDIR) == 0) return removed;
  return fail_errno(errno, "removing " + shown(path));
}

Result<void> ConfinedFolder::apply_metadata(const std::string& path, const Node& node,
                                            Ownership ownership) const {
  const FileDescriptor object = TRY(open_below(path, O_PATH));
  if (ownership == Ownership::when_permitted && is_owner_permitted() &&
      ::fchownat(object.get(), "", node.uid, node.gid, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW) != 0) {
    return fail_errno(errno, "setting the owner of " + shown(path));
  }
  const std::string by_descriptor = fmt::format("/proc/self/fd/{}", object.get());
  TRY(apply_attributes(path, node, [&](const char* name, const void* value, std::size_t size) {
    return ::setxattr(by_descriptor.c_str(), name, value, size, 0);
  }));
  if (node.type != NodeType::symlink && ::chmod(by_descriptor.c_str(), node.mode) != 0) {
    return fail_errno(errno, "setting the mode of " + shown(path));
  }
  const timespec times[2] = {to_timespec(node.accessed), to_timespec(node.modified)};
  if (::utimensat(object.get(), "", times, AT_EMPTY_PATH) != 0) {
    return fail_errno(errno, "setting the times of " + shown(path));
  }
  return {};
}

Result<FileDescriptor> make_file_in(const OpenFolder& folder, const std::string& name,
                                    Existing existing) {
  constexpr int kFlags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
  const auto make = [&] {
    return FileDescriptor(::openat(folder.descriptor.get(), name.c_str(), kFlags, kFileMode));
  };
  FileDescriptor file = make();
  if (!file.valid() && errno == EEXIST && existing == Existing::replace) {
    TRY(unlink_in(folder.descriptor, name));
    file = make();
  }
  if (!file.valid()) return fail_errno(errno, "making " + shown(name));
  return file;
}

Result<void> apply_to_new_file(const FileDescriptor& made, const OpenFolder& folder,
                               const Node& node, Ownership ownership) {
  const bool give = ownership == Ownership::when_permitted && is_owner_permitted() &&
                    !is_born_with_owner(node, folder);
  if (give && ::fchown(made.get(), node.uid, node.gid) != 0) {
    return fail_errno(errno, "setting the owner of " + shown(node.name));
  }
  TRY(apply_attributes(node.name, node, [&](const char* name, const void* value, std::size_t size) {
    return ::fsetxattr(made.get(), name, value, size, 0);
  }));
  if (::fchmod(made.get(), node.mode) != 0) {
    return fail_errno(errno, "setting the mode of " + shown(node.name));
  }
  const timespec times[2] = {to_timespec(node.accessed), to_timespec(node.modified)};
  if (::futimens(made.get(), times) != 0) {
    return fail_errno(errno, "setting the times of " + shown(node.name));
  }
  return {};
}

Result<void> set_size(const FileDescriptor& file, const std::string& name, std::uint64_t size) {
  if (::ftruncate(file.get(), static_cast<off_t>(size)) == 0) return {};
  return fail_errno(errno, "making " + shown(name));
}

Result<void> write_to(const FileDescriptor& file, const std::string& name, std::uint64_t offset,
                      ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t written =
        ::pwrite(file.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return fail_errno(errno, "writing " + shown(name));
    bytes = bytes.subspan(static_cast<std::size_t>(written));
    offset += static_cast<std::uint64_t>(written);
  }
  return {};
}

}  // namespace bulkhead::repository
