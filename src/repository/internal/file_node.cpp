#include "repository/internal/file_node.h"

#include <algorithm>
#include <cerrno>

#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

namespace bulkhead::repository {
namespace {

constexpr std::size_t kNameBufferSize = 16 << 10;
constexpr std::size_t kLinkTargetMax = 64 << 10;
// The kernel's own limits: 64 KiB for a list, 64 KiB for a value.
constexpr std::size_t kAttributeSizeMax = 64 << 10;

NodeType type_of(mode_t mode) {
  switch (mode & S_IFMT) {
    case S_IFDIR: return NodeType::directory;
    case S_IFLNK: return NodeType::symlink;
    case S_IFBLK: return NodeType::block_device;
    case S_IFCHR: return NodeType::character_device;
    case S_IFIFO: return NodeType::fifo;
    case S_IFSOCK: return NodeType::socket;
    default: return NodeType::file;
  }
}

Result<std::string> read_link(const Path& path) {
  std::string target(256, '\0');
  while (true) {
    const ssize_t length = ::readlink(path.c_str(), target.data(), target.size());
    if (length < 0) return fail_errno(errno, "reading link " + path.native());
    if (static_cast<std::size_t>(length) < target.size()) {
      target.resize(static_cast<std::size_t>(length));
      return target;
    }
    if (target.size() >= kLinkTargetMax) return fail(ErrorKind::limit, "link is too long");
    target.resize(target.size() * 2);
  }
}

bool means_no_attributes(int error_number) {
  return error_number == ENOTSUP || error_number == EPERM || error_number == EACCES ||
         error_number == ENODATA;
}

}  // namespace

WallTime to_wall_time(const timespec& time) {
  constexpr std::int64_t kSecondsMax = 9'223'372'035;
  const std::int64_t seconds = std::clamp<std::int64_t>(time.tv_sec, -kSecondsMax, kSecondsMax);
  return WallTime(std::chrono::seconds(seconds) + std::chrono::nanoseconds(time.tv_nsec));
}

const std::string& OwnerNames::user(std::uint32_t uid) {
  const auto [at, added] = users_.try_emplace(uid);
  if (added) {
    std::string buffer(kNameBufferSize, '\0');
    passwd entry{};
    passwd* found = nullptr;
    ::getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found);
    if (found != nullptr) at->second = found->pw_name;
  }
  return at->second;
}

const std::string& OwnerNames::group(std::uint32_t gid) {
  const auto [at, added] = groups_.try_emplace(gid);
  if (added) {
    std::string buffer(kNameBufferSize, '\0');
    ::group entry{};
    ::group* found = nullptr;
    ::getgrgid_r(gid, &entry, buffer.data(), buffer.size(), &found);
    if (found != nullptr) at->second = found->gr_name;
  }
  return at->second;
}

Result<std::vector<ExtendedAttribute>> read_extended_attributes(const Path& path) {
  std::vector<ExtendedAttribute> attributes;
  const ssize_t needed = ::llistxattr(path.c_str(), nullptr, 0);
  if (needed == 0 || (needed < 0 && means_no_attributes(errno))) return attributes;
  if (needed < 0) return fail_errno(errno, "listing attributes of " + path.native());
  std::string names(kAttributeSizeMax, '\0');
  const ssize_t length = ::llistxattr(path.c_str(), names.data(), names.size());
  if (length < 0) return fail_errno(errno, "listing attributes of " + path.native());
  names.resize(static_cast<std::size_t>(length));
  for (std::size_t at = 0; at < names.size();) {
    const std::string name(names.c_str() + at);
    at += name.size() + 1;
    Bytes value(kAttributeSizeMax);
    const ssize_t size = ::lgetxattr(path.c_str(), name.c_str(), value.data(), value.size());
    if (size < 0 && means_no_attributes(errno)) continue;
    if (size < 0) {
      return fail_errno(errno, fmt::format("reading attribute {} of {}", name, path.native()));
    }
    value.resize(static_cast<std::size_t>(size));
    attributes.push_back({name, std::move(value)});
  }
  std::ranges::sort(attributes, {}, &ExtendedAttribute::name);
  return attributes;
}

Result<Node> read_node(const Path& path, std::string name, Links links, OwnerNames& owners,
                       AccessTimes access_times, const Node* before) {
  struct stat status{};
  const int read =
      links == Links::keep ? ::lstat(path.c_str(), &status) : ::stat(path.c_str(), &status);
  if (read != 0) return fail_errno(errno, path.native());
  Node node;
  node.name = std::move(name);
  node.type = type_of(status.st_mode);
  node.mode = status.st_mode & 07777;
  node.modified = to_wall_time(status.st_mtim);
  // The true one would make every read change the next snapshot's trees.
  node.accessed = access_times == AccessTimes::keep ? to_wall_time(status.st_atim) : node.modified;
  node.changed = to_wall_time(status.st_ctim);
  node.uid = status.st_uid;
  node.gid = status.st_gid;
  node.user = owners.user(node.uid);
  node.group = owners.group(node.gid);
  node.inode = status.st_ino;
  node.device_id = status.st_dev;
  // As restic does: for folders, fifos and sockets the number says nothing that a restore needs.
  const bool linkable = node.type != NodeType::directory && node.type != NodeType::fifo &&
                        node.type != NodeType::socket;
  if (linkable) node.links = status.st_nlink;
  if (node.type == NodeType::file) node.size = static_cast<std::uint64_t>(status.st_size);
  if (node.type == NodeType::symlink) node.link_target = TRY(read_link(path));
  if (node.type == NodeType::block_device || node.type == NodeType::character_device) {
    node.device = status.st_rdev;
  }
  // Setting an attribute changes the change time.
  const bool same = before && before->type == node.type && before->inode == node.inode &&
                    before->changed == node.changed;
  if (same) node.extended_attributes = before->extended_attributes;
  else node.extended_attributes = TRY(read_extended_attributes(path));
  return node;
}

}  // namespace bulkhead::repository
