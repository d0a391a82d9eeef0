#include "sandbox/internal/own_user.h"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <fmt/format.h>
#include <fts.h>
#include <grp.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"

namespace bulkhead::sandbox::internal {
namespace {

// Exists on every Debian system and is empty there; covered in the child's own namespace only.
constexpr const char* kStage = "/mnt";

bool is_mapped(std::uint32_t id, const char* map_file) {
  constexpr std::size_t kMapBytesMax = 64 << 10;
  const auto text = read_text_file(map_file, kMapBytesMax);
  if (!text) return false;
  for (const std::string_view line : split(*text, '\n')) {
    std::vector<std::uint64_t> numbers;  // user_namespaces(7): first inside, first outside, count
    for (const std::string_view word : split(line, ' ')) {
      if (const auto number = parse_u64(word)) numbers.push_back(*number);
    }
    if (numbers.size() == 3 && id >= numbers[0] && id - numbers[0] < numbers[2]) return true;
  }
  return false;
}

// Whether this process may make mount namespaces and user namespaces be made by others, by trying.
bool can_stage() {
  static const bool can = [] {
    const pid_t child = ::fork();
    if (child == 0) {
      const bool done = ::unshare(CLONE_NEWNS) == 0 &&
                        ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
                        ::mount("tmpfs", kStage, "tmpfs", 0, "size=1m") == 0 &&
                        ::setgroups(0, nullptr) == 0 && become(OwnUser{user_id_for("trial")}) &&
                        ::unshare(CLONE_NEWUSER) == 0;
      ::_exit(done ? 0 : 1);
    }
    int status = 1;
    return child > 0 && ::waitpid(child, &status, 0) == child && status == 0;
  }();
  return can;
}

}  // namespace

OwnUserChoice choose_user(const Policy& policy) {
  if (::geteuid() != 0) return {};
  const std::uint32_t id =
      policy.user_id ? *policy.user_id : user_id_for(policy.data_directory.native());
  const auto weaker = [&](std::string_view why) {
    return OwnUserChoice{
        std::nullopt,
        fmt::format("compartment {} runs under root's own user id: {}", policy.name, why)};
  };
  if (id == 0) return weaker("the policy says so");
  if (!is_mapped(id, "/proc/self/uid_map") || !is_mapped(id, "/proc/self/gid_map")) {
    return weaker(fmt::format("user id {} does not exist in this user namespace", id));
  }
  if (!can_stage()) {
    return weaker("the kernel refuses mount namespaces, or user namespaces to ordinary users");
  }
  return {OwnUser{id}, ""};
}

Result<void> give_tree_to(const Path& folder, std::uint32_t id) {
  std::string root = folder.native();
  char* const roots[] = {root.data(), nullptr};
  FTS* const walk = ::fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR | FTS_XDEV, nullptr);
  if (walk == nullptr) return fail_errno(errno, fmt::format("walking {}", root));
  Result<void> result;
  while (FTSENT* const entry = ::fts_read(walk)) {
    if (entry->fts_info == FTS_DP) continue;
    if (entry->fts_info == FTS_ERR || entry->fts_info == FTS_DNR || entry->fts_info == FTS_NS) {
      result = fail_errno(entry->fts_errno, fmt::format("walking {}", entry->fts_path));
      break;
    }
    const struct stat& status = *entry->fts_statp;
    if (status.st_uid == id && status.st_gid == id) continue;
    if (::lchown(entry->fts_accpath, id, id) != 0) {
      result = fail_errno(errno, fmt::format("giving {} to user {}", entry->fts_path, id));
      break;
    }
  }
  ::fts_close(walk);
  return result;
}

Result<StagedMounts> StagedMounts::create(std::vector<Mount> mounts) {
  StagedMounts staged;
  for (Mount& mount : mounts) {
    FileDescriptor tree(
        ::open_tree(AT_FDCWD, mount.outside.c_str(), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC));
    if (!tree.valid()) return fail_errno(errno, fmt::format("staging {}", mount.outside.native()));
    mount.outside = fmt::format("{}/{}", kStage, staged.trees_.size());
    staged.trees_.push_back(TRY(out_of_the_way(std::move(tree))));
  }
  staged.mounts_ = std::move(mounts);
  return staged;
}

bool StagedMounts::attach() const {
  if (::unshare(CLONE_NEWNS) != 0) return false;
  if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return false;
  if (::mount("tmpfs", kStage, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755,size=1m") != 0) {
    return false;
  }
  for (std::size_t i = 0; i < mounts_.size(); ++i) {
    const char* const target = mounts_[i].outside.c_str();
    if (mounts_[i].kind == EntryKind::folder) {
      if (::mkdir(target, 0755) != 0) return false;
    } else {
      const int file = ::open(target, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
      if (file < 0) return false;
      ::close(file);
    }
    if (::move_mount(trees_[i].get(), "", AT_FDCWD, target, MOVE_MOUNT_F_EMPTY_PATH) != 0) {
      return false;
    }
  }
  return true;
}

bool become(const OwnUser& user) {
  return ::setgroups(0, nullptr) == 0 && ::setresgid(user.id, user.id, user.id) == 0 &&
         ::setresuid(user.id, user.id, user.id) == 0;
}

}  // namespace bulkhead::sandbox::internal
