#include "sandbox/internal/system_call_filter.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>

#include <fmt/format.h>
#include <linux/sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

namespace bulkhead::sandbox::internal {
namespace {

using Filter = std::unique_ptr<void, decltype(&seccomp_release)>;

// By what they would allow.
constexpr auto kRefusedCalls = std::to_array<std::string_view>({
    // A link that leads out of the data or socket folder, for those outside who follow it: the
    // gateway connects to the socket by its path, and a restore writes where the data lay.
    "symlink",
    "symlinkat",
    // another view of the file system
    "mount",
    "umount",
    "umount2",
    "pivot_root",
    "chroot",
    "move_mount",
    "open_tree",
    "fsopen",
    "fsconfig",
    "fsmount",
    "fspick",
    "mount_setattr",
    "swapon",
    "swapoff",
    "quotactl",
    "quotactl_fd",
    "open_by_handle_at",
    "fanotify_init",
    // other namespaces (clone by its flags, below)
    "unshare",
    "setns",
    // other processes' memory and descriptors
    "ptrace",
    "process_vm_readv",
    "process_vm_writev",
    "process_madvise",
    "pidfd_getfd",
    "kcmp",
    "move_pages",
    "migrate_pages",
    // the kernel itself
    "bpf",
    "perf_event_open",
    "userfaultfd",
    "io_uring_setup",
    "io_uring_enter",
    "io_uring_register",
    "kexec_load",
    "kexec_file_load",
    "init_module",
    "finit_module",
    "delete_module",
    "create_module",
    "get_kernel_syms",
    "query_module",
    "lookup_dcookie",
    "syslog",
    "acct",
    "reboot",
    "nfsservctl",
    "_sysctl",
    "sysfs",
    "uselib",
    "ustat",
    "vm86",
    "vm86old",
    "modify_ldt",
    "iopl",
    "ioperm",
    "vhangup",
    // keys of other sessions
    "keyctl",
    "add_key",
    "request_key",
    // the clock, the host's name, another personality
    "settimeofday",
    "adjtimex",
    "clock_settime",
    "clock_adjtime",
    "stime",
    "sethostname",
    "setdomainname",
    "personality",
});

// A confined helper is one process that reads, computes and prints. Threads are allowed, by flags.
constexpr auto kRefusedToConfined = std::to_array<std::string_view>({
    "socket",
    "socketpair",
    "connect",
    "bind",
    "listen",
    "accept",
    "accept4",
    "sendto",
    "sendmsg",
    "sendmmsg",
    "recvmsg",
    "recvmmsg",
    "fork",
    "vfork",
    "kill",
    "tkill",
    "tgkill",
    "pidfd_open",
    "pidfd_send_signal",
    "rt_sigqueueinfo",
    "rt_tgsigqueueinfo",
    "inotify_init",
    "inotify_init1",
    "setuid",
    "setgid",
    "setreuid",
    "setregid",
    "setresuid",
    "setresgid",
    "setgroups",
    "setfsuid",
    "setfsgid",
    "capset",
    "chmod",
    "fchmod",
    "fchmodat",
    "chown",
    "fchown",
    "lchown",
    "fchownat",
    "unlink",
    "unlinkat",
    "rename",
    "renameat",
    "renameat2",
    "link",
    "linkat",
    "symlink",
    "symlinkat",
    "mkdir",
    "mkdirat",
    "rmdir",
    "mknod",
    "mknodat",
    "truncate",
    "setxattr",
    "lsetxattr",
    "fsetxattr",
    "removexattr",
    "lremovexattr",
    "fremovexattr",
    "utimensat",
    "utimes",
    "mq_open",
    "shmget",
    "shmat",
    "semget",
    "msgget",
});

constexpr std::uint64_t kNamespaceFlags[] = {CLONE_NEWUSER,   CLONE_NEWNS,  CLONE_NEWPID,
                                             CLONE_NEWNET,    CLONE_NEWUTS, CLONE_NEWIPC,
                                             CLONE_NEWCGROUP, CLONE_NEWTIME};
constexpr std::uint64_t kLow32 = 0xffffffff;  // the kernel looks at these bits of an int only
constexpr int kFamilyLast = 64;               // above every address family there is

Result<void> check(int status, std::string_view call) {
  if (status == 0) return {};
  return fail(ErrorKind::internal,
              fmt::format("system call filter: the rule for {} was refused ({})", call, -status));
}

template <typename... Comparison>
Result<void> refuse(scmp_filter_ctx filter, std::string_view call, int error_number,
                    Comparison... comparison) {
  const int number = seccomp_syscall_resolve_name(std::string(call).c_str());
  // Not a call of this architecture or of this library: then nobody can make it by number either,
  // as long as the library is as new as the kernel's dangerous calls that are listed here.
  if (number == __NR_SCMP_ERROR) return {};
  const int status = seccomp_rule_add(filter, SCMP_ACT_ERRNO(static_cast<unsigned>(error_number)),
                                      number, sizeof...(comparison), comparison...);
  return check(status == -EDOM ? 0 : status, call);  // EDOM: does not exist on this architecture
}

Result<void> refuse_families(scmp_filter_ctx filter, Network network) {
  for (const std::string_view call : {"socket", "socketpair"}) {
    for (int family = 0; family <= kFamilyLast; ++family) {
      const bool internet = family == AF_INET || family == AF_INET6;
      if (family == AF_UNIX || (internet && network == Network::loopback)) continue;
      TRY(refuse(filter, call, EAFNOSUPPORT,
                 SCMP_A0(SCMP_CMP_MASKED_EQ, kLow32, static_cast<scmp_datum_t>(family))));
    }
    TRY(refuse(filter, call, EAFNOSUPPORT, SCMP_A0(SCMP_CMP_GT, kFamilyLast)));
  }
  return {};
}

Result<Filter> base_filter() {
  Filter filter(seccomp_init(SCMP_ACT_ALLOW), &seccomp_release);
  if (filter == nullptr) return fail(ErrorKind::internal, "system call filter: out of memory");
  // Calls of another architecture (32-bit on x86-64) would go round every rule.
  TRY(check(seccomp_attr_set(filter.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(ENOSYS)),
            "other architectures"));
  for (const std::string_view call : kRefusedCalls) TRY(refuse(filter.get(), call, EPERM));
  for (const std::uint64_t flag : kNamespaceFlags) {
    TRY(refuse(filter.get(), "clone", EPERM, SCMP_A0(SCMP_CMP_MASKED_EQ, flag, flag)));
  }
  TRY(refuse(filter.get(), "clone3", ENOSYS));
  // Typing into the terminal that the operator started us from.
  for (const std::uint64_t request : {std::uint64_t{TIOCSTI}, std::uint64_t{TIOCLINUX}}) {
    TRY(refuse(filter.get(), "ioctl", EPERM, SCMP_A1(SCMP_CMP_MASKED_EQ, kLow32, request)));
  }
  return filter;
}

Result<FileDescriptor> export_filter(scmp_filter_ctx filter) {
  FileDescriptor file(::memfd_create("system-call-filter", MFD_CLOEXEC));
  if (!file.valid()) return fail_errno(errno, "making the system call filter's memory file");
  TRY(check(seccomp_export_bpf(filter, file.get()), "all"));
  if (::lseek(file.get(), 0, SEEK_SET) != 0) {
    return fail_errno(errno, "rewinding the system call filter");
  }
  return file;
}

}  // namespace

Result<FileDescriptor> compartment_filter(Network network) {
  const Filter filter = TRY(base_filter());
  TRY(refuse_families(filter.get(), network));
  return export_filter(filter.get());
}

Result<std::vector<sock_filter>> confined_filter() {
  const Filter filter = TRY(base_filter());
  for (const std::string_view call : kRefusedToConfined) TRY(refuse(filter.get(), call, EPERM));
  // Without CLONE_THREAD it would be a process.
  TRY(refuse(filter.get(), "clone", EPERM, SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0)));
  const FileDescriptor file = TRY(export_filter(filter.get()));
  constexpr std::size_t kFilterBytesMax = 1 << 20;
  const Bytes bytes = TRY(read_to_end(file.get(), kFilterBytesMax));
  std::vector<sock_filter> program(bytes.size() / sizeof(sock_filter));
  std::copy_n(bytes.data(), program.size() * sizeof(sock_filter),
              reinterpret_cast<std::uint8_t*>(program.data()));
  return program;
}

}  // namespace bulkhead::sandbox::internal
