#include "sandbox/internal/bubblewrap.h"

#include <cerrno>
#include <initializer_list>
#include <string_view>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sandbox/internal/system_call_filter.h"

namespace bulkhead::sandbox::internal {
namespace {

// Who the service is inside, whoever it is outside. No shell and no home but its data.
constexpr std::string_view kUserId = "1000";
constexpr std::string_view kPasswd =
    "service:x:1000:1000:service:/data:/usr/sbin/nologin\n"
    "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n";
constexpr std::string_view kGroup = "service:x:1000:\nnogroup:x:65534:\n";
constexpr std::string_view kHosts = "127.0.0.1 localhost\n::1 localhost\n";
constexpr std::string_view kNameServices =
    "passwd: files\ngroup: files\nhosts: files\nservices: files\nprotocols: files\n";

// Files of the host's /etc that programs need and that tell nothing about the estate.
constexpr std::string_view kSharedConfiguration[] = {
    "/etc/alternatives", "/etc/fonts",     "/etc/ld.so.cache", "/etc/localtime",
    "/etc/mime.types",   "/etc/protocols", "/etc/services"};

class CommandLine {
 public:
  void add(std::initializer_list<std::string_view> arguments) {
    launch_.arguments.insert(launch_.arguments.end(), arguments.begin(), arguments.end());
  }

  // Its number in the child.
  std::string hand_over(FileDescriptor descriptor) {
    launch_.handed_over.push_back(std::move(descriptor));
    return std::to_string(kFirstHandedOver + static_cast<int>(launch_.handed_over.size()) - 1);
  }

  Result<void> add_file(std::string_view content, std::string_view inside) {
    FileDescriptor file(::memfd_create("file", MFD_CLOEXEC));
    if (!file.valid()) return fail_errno(errno, "making a memory file");
    TRY(write_all(file.get(), as_bytes(content)));
    if (::lseek(file.get(), 0, SEEK_SET) != 0) return fail_errno(errno, "rewinding a memory file");
    const std::string number = hand_over(std::move(file));
    add({"--perms", "0444", "--ro-bind-data", number, inside});
    return {};
  }

  BubblewrapLaunch take() && { return std::move(launch_); }

 private:
  BubblewrapLaunch launch_;
};

void add_namespaces(CommandLine& line, const Policy& policy) {
  line.add({"--unshare-user", "--disable-userns", "--unshare-ipc", "--unshare-pid", "--unshare-net",
            "--unshare-uts", "--unshare-cgroup"});
  line.add({"--uid", kUserId, "--gid", kUserId, "--hostname", policy.name});
  line.add({"--cap-drop", "ALL", "--new-session", "--die-with-parent"});
}

Result<void> add_system(CommandLine& line, const Policy& policy) {
  line.add({"--ro-bind", "/usr", "/usr"});
  for (const std::string_view name : {"bin", "sbin", "lib", "lib64", "lib32", "libx32"}) {
    struct stat status{};
    if (::lstat(fmt::format("/{}", name).c_str(), &status) != 0) continue;
    line.add({"--symlink", fmt::format("usr/{}", name), fmt::format("/{}", name)});
  }
  line.add({"--dir", "/etc"});
  for (const std::string_view path : kSharedConfiguration) line.add({"--ro-bind-try", path, path});
  TRY(line.add_file(kPasswd, "/etc/passwd"));
  TRY(line.add_file(kGroup, "/etc/group"));
  TRY(line.add_file(kHosts, "/etc/hosts"));
  TRY(line.add_file(kNameServices, "/etc/nsswitch.conf"));
  TRY(line.add_file(policy.name + "\n", "/etc/hostname"));
  line.add({"--proc", "/proc", "--dev", "/dev", "--remount-ro", "/dev"});
  const std::string size = std::to_string(policy.limits.temporary_bytes_max);
  line.add({"--perms", "1777", "--size", size, "--tmpfs", "/tmp"});
  return {};
}

void add_environment(CommandLine& line, const Policy& policy) {
  line.add({"--clearenv"});
  for (const std::string_view entry :
       {"PATH=/usr/bin:/usr/sbin", "HOME=/data", "LANG=C.UTF-8", "TMPDIR=/tmp"}) {
    const std::size_t equals = entry.find('=');
    line.add({"--setenv", entry.substr(0, equals), entry.substr(equals + 1)});
  }
  for (const std::string_view entry : policy.environment) {
    const std::size_t equals = entry.find('=');
    line.add({"--setenv", entry.substr(0, equals), entry.substr(equals + 1)});
  }
}

}  // namespace

std::vector<Mount> mounts_of(const Policy& policy) {
  std::vector<Mount> mounts;
  const auto add = [&](const Path& outside, std::string inside, Access access) {
    std::error_code error;
    const bool folder = std::filesystem::is_directory(outside, error);
    mounts.push_back(
        {outside, std::move(inside), access, folder ? EntryKind::folder : EntryKind::file});
  };
  add(policy.data_directory, "/data", Access::writable);
  add(policy.socket_directory, "/run/service", Access::writable);
  // Read-only, a socket can still be sent to: nothing but its inode is protected.
  if (!policy.audit_socket.empty()) {
    add(policy.audit_socket, "/run/audit.sock", Access::read_only);
  }
  for (const auto& [outside, inside] : policy.read_only) add(outside, inside, Access::read_only);
  return mounts;
}

Result<FileDescriptor> out_of_the_way(FileDescriptor descriptor) {
  FileDescriptor moved(::fcntl(descriptor.get(), F_DUPFD_CLOEXEC, kHandedOverEnd));
  if (!moved.valid()) return fail_errno(errno, "copying a file descriptor");
  return moved;
}

Result<BubblewrapLaunch> bubblewrap_launch(const Policy& policy, const std::vector<Mount>& mounts) {
  CommandLine line;
  line.add({"bwrap"});
  add_namespaces(line, policy);
  TRY(add_system(line, policy));
  for (const Mount& mount : mounts) {
    line.add({mount.access == Access::writable ? "--bind" : "--ro-bind", mount.outside.native(),
              mount.inside});
  }
  line.add({"--remount-ro", "/", "--chdir", "/data"});
  add_environment(line, policy);
  line.add({"--info-fd", std::to_string(kStatusDescriptor)});
  line.add({"--block-fd", std::to_string(kGateDescriptor)});
  const std::string filter = line.hand_over(TRY(compartment_filter(policy.network)));
  line.add({"--seccomp", filter, "--"});
  for (const std::string& argument : policy.command) line.add({argument});
  return std::move(line).take();
}

}  // namespace bulkhead::sandbox::internal
