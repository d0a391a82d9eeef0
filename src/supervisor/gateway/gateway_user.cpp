#include "supervisor/gateway/gateway_user.h"

#include <cerrno>

#include <grp.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "sandbox/policy.h"

namespace bulkhead::supervisor {
namespace {

// By trying: it may not be mapped into this user namespace, or setgroups() may be denied in it.
bool can_become(std::uint32_t id) {
  const pid_t child = ::fork();
  if (child == 0) {
    const bool done = ::setgroups(0, nullptr) == 0 && ::setresgid(id, id, id) == 0 &&
                      ::setresuid(id, id, id) == 0;
    ::_exit(done ? 0 : 1);
  }
  int status = 1;
  return child > 0 && ::waitpid(child, &status, 0) == child && status == 0;
}

constexpr mode_t kOthers = S_IRWXO;

// `kept`: which of the present rights stay, beside the owner's.
Result<void> let_through(const Path& folder, std::uint32_t group, mode_t kept) {
  struct stat status{};
  if (::stat(folder.c_str(), &status) != 0) return fail_errno(errno, folder.native());
  if (status.st_gid != group && ::chown(folder.c_str(), status.st_uid, group) != 0) {
    return fail_errno(errno, folder.native());
  }
  // The former group's rights are not the gateway's.
  const mode_t mode = (status.st_mode & (S_IRWXU | kept)) | S_IXGRP;
  if (::chmod(folder.c_str(), mode) != 0) return fail_errno(errno, folder.native());
  return {};
}

}  // namespace

std::optional<std::uint32_t> gateway_user(const Layout& layout) {
  if (::geteuid() != 0) return std::nullopt;
  const std::uint32_t id = sandbox::user_id_for(layout.gateway().native());
  if (can_become(id)) return id;
  log::warning("the gateway runs as root: a user id of its own cannot be given here",
               {{"user", std::to_string(id)}});
  return std::nullopt;
}

Result<void> open_folders_to(std::uint32_t user, const Layout& layout) {
  for (const Path& folder :
       {layout.folder(), layout.status_pages().parent_path(), layout.status_pages()}) {
    TRY(let_through(folder, user, kOthers));
  }
  return let_through(layout.run(), user, 0);
}

}  // namespace bulkhead::supervisor
