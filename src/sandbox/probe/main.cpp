// bulkhead-compartment-probe ATTEMPT… runs inside a compartment in a service's place and really
// tries what an intruder would. Each ATTEMPT is a word, or word:argument; it prints one line
// "ATTEMPT<tab>OUTCOME": "allowed", or the name of the error that the kernel answered, or, for the
// attempts that ask for something, what was found.
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <linux/vm_sockets.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

namespace fs = std::filesystem;

// Of a call that answers a negative number when it is refused.
std::string outcome(long answer) {
  if (answer >= 0) return "allowed";
  const char* const name = ::strerrorname_np(errno);
  return name != nullptr ? name : "unknown error";
}

std::string try_socket(int family, int type, int protocol) {
  return outcome(::socket(family, type, protocol));
}

std::string connect_unix(const std::string& name, bool is_abstract) {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::size_t at = is_abstract ? 1 : 0;
  name.copy(address.sun_path + at, sizeof address.sun_path - at - 1);
  const auto length =
      static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + at + name.size() + !is_abstract);
  return outcome(::connect(fd, reinterpret_cast<sockaddr*>(&address), length));
}

// ADDRESS:PORT
std::string connect_tcp(const std::string& where) {
  const std::size_t colon = where.rfind(':');
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  if (fd < 0) return outcome(fd);
  timeval patience{1, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(std::stoi(where.substr(colon + 1))));
  ::inet_pton(AF_INET, where.substr(0, colon).c_str(), &address.sin_addr);
  return outcome(::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address));
}

std::string send_datagram(const std::string& path) {
  const int fd = ::socket(AF_UNIX, SOCK_DGRAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  return outcome(
      ::sendto(fd, "event", 5, 0, reinterpret_cast<sockaddr*>(&address), sizeof address));
}

std::string create_file(const std::string& path) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return outcome(fd);
  const std::string wrote = outcome(::write(fd, "x", 1));
  ::unlink(path.c_str());
  return wrote;
}

// Every folder that can be seen, but for those that a compartment may write to.
std::string find_writable_folders(const std::string&) {
  std::string found;
  const auto options = fs::directory_options::skip_permission_denied;
  std::error_code error;
  for (fs::recursive_directory_iterator at("/", options, error), end; at != end;
       at.increment(error)) {
    const std::string path = at->path().native();
    if (at->is_symlink(error) || !at->is_directory(error)) continue;
    if (path == "/data" || path == "/run/service" || path == "/tmp" || path == "/proc" ||
        (path.starts_with("/usr/") && at.depth() > 3)) {
      at.disable_recursion_pending();
    }
    if (path == "/data" || path == "/run/service" || path == "/tmp") continue;
    if (create_file(path + "/.probe") == "allowed") found += path + " ";
  }
  return create_file("/.probe") == "allowed" ? found + "/" : found;
}

std::string in_child(const std::function<std::string()>& attempt) {
  int ends[2];
  if (::pipe(ends) != 0) return "no pipe";
  const pid_t child = ::fork();
  if (child < 0) return outcome(child);
  if (child == 0) {
    const std::string text = attempt();
    (void)!::write(ends[1], text.data(), text.size());
    ::_exit(0);
  }
  ::close(ends[1]);
  std::string text;
  char buffer[4096];
  for (ssize_t got; (got = ::read(ends[0], buffer, sizeof buffer)) > 0;) {
    text.append(buffer, static_cast<std::size_t>(got));
  }
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFSIGNALED(status) ? "killed" : text;
}

// As far as asked; the answer is how many there were when the kernel refused.
std::string fork_many(const std::string& count) {
  std::vector<pid_t> children;
  while (children.size() < std::stoul(count)) {
    const pid_t child = ::fork();
    if (child < 0) break;
    if (child == 0) {
      ::pause();
      ::_exit(0);
    }
    children.push_back(child);
  }
  for (const pid_t child : children) ::kill(child, SIGKILL);
  for (const pid_t child : children) ::waitpid(child, nullptr, 0);
  return std::to_string(children.size());
}

std::string use_memory(const std::string& mebibytes) {
  return in_child([&] {
    const std::size_t size = std::stoul(mebibytes) << 20;
    void* const memory =
        ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return outcome(-1);
    ::memset(memory, 1, size);
    return std::string("allowed");
  });
}

std::string fill_temporary(const std::string& mebibytes) {
  const int fd = ::open("/tmp/.fill", O_WRONLY | O_CREAT, 0600);
  const std::string block(1 << 20, 'x');
  std::string result = "allowed";
  for (unsigned long i = 0; i < std::stoul(mebibytes) && result == "allowed"; ++i) {
    result = outcome(::write(fd, block.data(), block.size()));
  }
  ::unlink("/tmp/.fill");
  ::close(fd);
  return result;
}

std::string run_program(const std::string& path) {
  return in_child([&] {
    const std::string command = path + " 2>&1";
    FILE* const pipe = ::popen(command.c_str(), "r");
    char line[256] = "";
    if (pipe == nullptr || std::fgets(line, sizeof line, pipe) == nullptr) return outcome(-1);
    std::string text(line);
    if (text.ends_with('\n')) text.pop_back();
    return text;
  });
}

// PROCESS/FIELD of proc(5)'s status
std::string status_field(const std::string& what) {
  const std::size_t slash = what.find('/');
  const std::string name = what.substr(slash + 1) + ":\t";
  std::ifstream file("/proc/" + what.substr(0, slash) + "/status");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(name)) return line.substr(name.size());
  }
  return "missing";
}

// bubblewrap's process 1 takes the filter on just after it has started us: that moment is waited
// for.
std::string filter_of(const std::string& process) {
  std::string mode;
  for (int i = 0; i < 5000 && mode != "2"; ++i) {
    mode = status_field(process + "/Seccomp");
    if (mode != "2") ::usleep(1000);
  }
  return mode;
}

std::string names_in(const std::string& folder,
                     const std::function<bool(std::string_view)>& wanted) {
  std::string names;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename().native();
    if (wanted(name)) names += (names.empty() ? "" : " ") + name;
  }
  return error ? std::string(::strerrorname_np(error.value())) : names;
}

std::string inherited_descriptors(const std::string&) {
  std::string found;
  for (int fd = 3; fd < 256; ++fd) {
    if (::fcntl(fd, F_GETFD) >= 0) found += std::to_string(fd) + " ";
  }
  return found;
}

std::string visible_processes(const std::string&) {
  return names_in("/proc", [](std::string_view name) {
    return name.find_first_not_of("0123456789") == std::string_view::npos;
  });
}

std::string clone_with(std::uint64_t flag) {
  const long child = ::syscall(SYS_clone, flag | SIGCHLD, nullptr, nullptr, nullptr, nullptr);
  if (child == 0) ::_exit(0);
  return outcome(child);
}

std::string type_into_terminal(const std::string&) {
  const int terminal = ::open("/dev/ptmx", O_RDWR | O_NOCTTY);
  char letter = 'x';
  return outcome(::ioctl(terminal >= 0 ? terminal : 0, TIOCSTI, &letter));
}

std::string read_own_memory_from_child(const std::string&) {
  static char secret[] = "secret";
  const pid_t parent = ::getpid();
  return in_child([&] {
    char copy[8];
    const iovec here{copy, sizeof copy};
    const iovec there{secret, sizeof secret};
    return outcome(::process_vm_readv(parent, &here, 1, &there, 1, 0));
  });
}

std::string environment_names(const std::string&) {
  std::string names;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    names += std::string(text.substr(0, text.find('='))) + " ";
  }
  return names;
}

// Two processes that each add a byte to /data/ticks as fast as they can, until they are ended.
std::string tick(const std::string&) {
  ::fork();
  const int fd = ::open("/data/ticks", O_WRONLY | O_CREAT | O_APPEND, 0644);
  while (::write(fd, ".", 1) == 1) ::usleep(200);
  return outcome(-1);
}

using Attempt = std::function<std::string(const std::string& argument)>;

std::map<std::string, Attempt> network_attempts() {
  return {
      {"socket-inet", [](auto&) { return try_socket(AF_INET, SOCK_STREAM, 0); }},
      {"socket-inet6", [](auto&) { return try_socket(AF_INET6, SOCK_DGRAM, 0); }},
      {"socket-raw", [](auto&) { return try_socket(AF_INET, SOCK_RAW, IPPROTO_ICMP); }},
      {"socket-netlink", [](auto&) { return try_socket(AF_NETLINK, SOCK_RAW, 0); }},
      {"socket-packet", [](auto&) { return try_socket(AF_PACKET, SOCK_RAW, 0); }},
      {"socket-vsock", [](auto&) { return try_socket(AF_VSOCK, SOCK_STREAM, 0); }},
      {"socket-key", [](auto&) { return try_socket(AF_KEY, SOCK_RAW, 2); }},
      {"socket-alg", [](auto&) { return try_socket(AF_ALG, SOCK_SEQPACKET, 0); }},
      // Bits above an int's, which the kernel does not look at and a careless filter does.
      {"socket-inet-wide",
       [](auto&) { return outcome(::syscall(SYS_socket, (1ll << 32) | AF_INET, SOCK_STREAM, 0)); }},
      {"socket-unix", [](auto&) { return try_socket(AF_UNIX, SOCK_STREAM, 0); }},
      {"connect-tcp", connect_tcp},
      {"connect-unix", [](auto& path) { return connect_unix(path, false); }},
      {"connect-abstract", [](auto& name) { return connect_unix(name, true); }},
      {"send-datagram", send_datagram},
      {"network-devices",
       [](auto&) { return names_in("/sys/class/net", [](auto) { return true; }); }},
  };
}

std::map<std::string, Attempt> privilege_attempts() {
  return {
      {"become-root", [](auto&) { return outcome(::setuid(0)); }},
      {"run", run_program},
      {"status", status_field},
      {"filter-of", filter_of},
      {"unshare-user", [](auto&) { return outcome(::unshare(CLONE_NEWUSER)); }},
      {"clone-user", [](auto&) { return clone_with(CLONE_NEWUSER); }},
      {"clone-network", [](auto&) { return clone_with(CLONE_NEWNET); }},
      {"clone3", [](auto&) { return outcome(::syscall(SYS_clone3, nullptr, 0)); }},
      {"join-namespace",
       [](auto&) { return outcome(::setns(::open("/proc/1/ns/mnt", O_RDONLY), 0)); }},
      {"mount", [](auto&) { return outcome(::mount("t", "/tmp", "tmpfs", 0, nullptr)); }},
      {"remount-writable",
       [](auto&) { return outcome(::mount("", "/usr", "", MS_REMOUNT | MS_BIND, nullptr)); }},
      {"link-out-to",
       [](auto& path) { return outcome(::symlink("../../control.sock", path.c_str())); }},
      {"chroot", [](auto&) { return outcome(::chroot("/tmp")); }},
      {"trace", [](auto&) { return outcome(::ptrace(PTRACE_ATTACH, ::getppid(), 0, 0)); }},
      {"read-process-memory", read_own_memory_from_child},
      {"bpf", [](auto&) { return outcome(::syscall(SYS_bpf, 0, nullptr, 0)); }},
      {"keys", [](auto&) { return outcome(::syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, -3, 0)); }},
      {"io-uring", [](auto&) { return outcome(::syscall(SYS_io_uring_setup, 1, nullptr)); }},
      {"user-faults", [](auto&) { return outcome(::syscall(SYS_userfaultfd, 1)); }},
      {"performance-events",
       [](auto&) { return outcome(::syscall(SYS_perf_event_open, nullptr, 0, -1, -1, 0)); }},
      {"open-by-handle",
       [](auto&) { return outcome(::syscall(SYS_open_by_handle_at, 0, nullptr, 0)); }},
      {"personality", [](auto&) { return outcome(::personality(ADDR_NO_RANDOMIZE)); }},
      {"load-module", [](auto&) { return outcome(::syscall(SYS_init_module, nullptr, 0, "")); }},
      {"type-into-terminal", type_into_terminal},
      {"kill", [](auto& id) { return outcome(::kill(std::stoi(id), 0)); }},
      {"drop-filter", [](auto&) { return outcome(::prctl(PR_SET_SECCOMP, 0, 0, 0, 0)); }},
  };
}

std::map<std::string, Attempt> file_attempts() {
  return {
      {"read", [](auto& path) { return outcome(::open(path.c_str(), O_RDONLY)); }},
      {"write", [](auto& path) { return outcome(::open(path.c_str(), O_WRONLY)); }},
      {"create", create_file},
      {"names", [](auto& path) { return names_in(path, [](auto) { return true; }); }},
      {"writable-folders", find_writable_folders},
      {"descriptors", inherited_descriptors},
      {"processes", visible_processes},
      {"environment", environment_names},
      {"fork-many", fork_many},
      {"use-memory", use_memory},
      {"fill-temporary", fill_temporary},
      {"tick", tick},
  };
}

}  // namespace

int main(int argc, char** argv) {
  std::map<std::string, Attempt> attempts = network_attempts();
  attempts.merge(privilege_attempts());
  attempts.merge(file_attempts());
  for (int i = 1; i < argc; ++i) {
    const std::string text = argv[i];
    const std::size_t colon = text.find(':');
    const auto found = attempts.find(text.substr(0, colon));
    if (found == attempts.end()) return 2;
    const std::string argument = colon == std::string::npos ? "" : text.substr(colon + 1);
    std::printf("%s\t%s\n", text.c_str(), found->second(argument).c_str());
    std::fflush(stdout);
  }
  return 0;
}
