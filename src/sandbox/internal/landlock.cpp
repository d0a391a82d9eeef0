#include "sandbox/internal/landlock.h"

#include <cerrno>

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/landlock.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/file.h"

namespace bulkhead::sandbox::internal {
namespace {

// Bits of linux/landlock.h by the version that brought them; the header may be older than the
// kernel. Version 1 has bits 0 to 12, 2 adds 13 (refer), 3 adds 14 (truncate), 5 adds 15 (ioctl).
constexpr std::uint64_t handled_rights(int version) {
  std::uint64_t rights = (1ull << 13) - 1;
  if (version >= 2) rights |= 1ull << 13;
  if (version >= 3) rights |= 1ull << 14;
  if (version >= 5) rights |= 1ull << 15;
  return rights;
}

constexpr std::uint64_t kRead = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
constexpr std::uint64_t kExecute = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_EXECUTE;
constexpr const char* kLoader = "/lib64/ld-linux-x86-64.so.2";

struct Rule {
  std::string path;
  std::uint64_t rights;
};

Result<void> add_rule(int rules, const Rule& rule) {
  const FileDescriptor at(::open(rule.path.c_str(), O_PATH | O_CLOEXEC));
  if (!at.valid()) {
    if (errno == ENOENT) return {};  // what is not there cannot be read either
    return fail_errno(errno, fmt::format("opening {}", rule.path));
  }
  struct stat status{};
  std::uint64_t rights = rule.rights;
  if (::fstat(at.get(), &status) == 0 && !S_ISDIR(status.st_mode)) {
    rights &= ~std::uint64_t{LANDLOCK_ACCESS_FS_READ_DIR};
  }
  landlock_path_beneath_attr beneath{};
  beneath.allowed_access = rights;
  beneath.parent_fd = at.get();
  if (::syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0) != 0) {
    return fail_errno(errno, fmt::format("allowing {}", rule.path));
  }
  return {};
}

}  // namespace

int landlock_version() {
  static const long version =
      ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  return version > 0 ? static_cast<int>(version) : 0;
}

Result<FileDescriptor> landlock_rules_for(const std::string& program) {
  if (landlock_version() == 0) return FileDescriptor();
  landlock_ruleset_attr attributes{};
  attributes.handled_access_fs = handled_rights(landlock_version());
  FileDescriptor rules(static_cast<int>(
      ::syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes.handled_access_fs, 0)));
  if (!rules.valid()) return fail_errno(errno, "making a Landlock rule set");
  const Rule allowed[] = {{"/usr", kRead},
                          {"/etc/ld.so.cache", kRead},
                          {"/etc/fonts", kRead},
                          {"/etc/localtime", kRead},
                          {"/dev/null", kRead | LANDLOCK_ACCESS_FS_WRITE_FILE},
                          {program, kExecute},
                          {kLoader, kExecute}};
  for (const Rule& rule : allowed) TRY(add_rule(rules.get(), rule));
  return rules;
}

bool restrict_self(int rules) { return ::syscall(SYS_landlock_restrict_self, rules, 0) == 0; }

}  // namespace bulkhead::sandbox::internal
