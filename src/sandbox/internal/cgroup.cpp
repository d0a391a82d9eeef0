#include "sandbox/internal/cgroup.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <thread>

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"
#include "sandbox/internal/bubblewrap.h"

namespace bulkhead::sandbox::internal {
namespace {

constexpr std::size_t kProcFileBytesMax = 1 << 20;
constexpr std::chrono::milliseconds kFreezeTimeMax{2000};
constexpr std::chrono::microseconds kFreezePoll{200};
// bubblewrap's own two processes, outside and inside, are members too.
constexpr std::uint64_t kBubblewrapProcesses = 2;
constexpr time_t kStaleSeconds = 60;
constexpr std::string_view kPrefix = "bulkhead-";

struct Hierarchy {
  Path mounted_at;
  std::string root;  // which part of the hierarchy is mounted there
  bool version_2 = false;
  std::vector<std::string> controllers;
};

std::vector<Hierarchy> mounted_hierarchies() {
  std::vector<Hierarchy> found;
  const auto text = read_text_file("/proc/self/mountinfo", kProcFileBytesMax);
  if (!text) return found;
  // proc(5): id parent major:minor root mount-point options … - type source super-options
  for (const std::string_view line : split(*text, '\n')) {
    const auto dash = line.find(" - ");
    if (dash == std::string_view::npos) continue;
    const auto before = split(line.substr(0, dash), ' ');
    const auto after = split(line.substr(dash + 3), ' ');
    if (before.size() < 5 || after.size() < 3 || !after[0].starts_with("cgroup")) continue;
    Hierarchy hierarchy{Path(before[4]), std::string(before[3]), after[0] == "cgroup2", {}};
    for (const std::string_view option : split(after[2], ',')) {
      hierarchy.controllers.emplace_back(option);
    }
    found.push_back(std::move(hierarchy));
  }
  return found;
}

// This process's group in the hierarchy of `controller` ("" is version 2's), as cgroups(7) prints
// it.
std::string own_group(std::string_view controller) {
  const auto text = read_text_file("/proc/self/cgroup", kProcFileBytesMax);
  if (!text) return "/";
  for (const std::string_view line : split(*text, '\n')) {
    const auto id = split_once(line, ':');
    const auto rest = id ? split_once(id->second, ':') : std::nullopt;
    if (!rest) continue;
    const auto names = split(rest->first, ',');
    if (controller.empty() ? rest->first.empty()
                           : std::ranges::find(names, controller) != names.end()) {
      return std::string(rest->second);
    }
  }
  return "/";
}

Path folder_of(const Hierarchy& hierarchy, std::string group) {
  if (hierarchy.root != "/" && group.starts_with(hierarchy.root)) {
    group.erase(0, hierarchy.root.size());
  }
  return (hierarchy.mounted_at / Path(group).relative_path()).lexically_normal();
}

bool write_setting(const Path& file, std::string_view value) {
  const FileDescriptor out(::open(file.c_str(), O_WRONLY | O_CLOEXEC));
  return out.valid() &&
         ::write(out.get(), value.data(), value.size()) == static_cast<ssize_t>(value.size());
}

// Groups that a killed supervisor left behind: their names say of which process they were.
void remove_stale(const Path& parent) {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(parent, error)) {
    const std::string name = entry.path().filename().native();
    if (!name.starts_with(kPrefix)) continue;
    const auto parts = split(name, '.');
    const auto owner = parts.size() == 3 ? parse_u64(parts[1]) : std::nullopt;
    if (!owner || ::kill(static_cast<pid_t>(*owner), 0) == 0 || errno != ESRCH) continue;
    struct stat status{};
    // A young one may belong to a process of another process namespace that is about to enter it.
    if (::stat(entry.path().c_str(), &status) == 0 &&
        status.st_mtime + kStaleSeconds < ::time({})) {
      ::rmdir(entry.path().c_str());
    }
  }
}

std::optional<Path> make_group(const Path& parent, std::string_view name) {
  static std::atomic<unsigned> serial{0};
  remove_stale(parent);
  const Path folder = parent / fmt::format("{}{}.{}.{}", kPrefix, name, ::getpid(), serial++);
  if (::mkdir(folder.c_str(), 0755) != 0) return std::nullopt;
  return folder;
}

Result<FileDescriptor> open_entry(const Path& group) {
  return out_of_the_way(TRY(open_file(group / "cgroup.procs", O_WRONLY)));
}

bool is_there(const Path& path) { return ::access(path.c_str(), F_OK) == 0; }

}  // namespace

void ControlGroups::use_version_2(std::string_view name, const Limits& limits) {
  for (const Hierarchy& hierarchy : mounted_hierarchies()) {
    if (!hierarchy.version_2) continue;
    const Path own = folder_of(hierarchy, own_group(""));
    // First a parent that can limit, then any that can at least freeze.
    for (const bool must_limit : {true, false}) {
      for (Path parent = own; unified_.empty(); parent = parent.parent_path()) {
        if (must_limit && parent == own)
          write_setting(parent / "cgroup.subtree_control", "+memory +pids");
        const auto folder = make_group(parent, name);
        if (folder && (!must_limit || is_there(*folder / "memory.max"))) unified_ = *folder;
        else if (folder) ::rmdir(folder->c_str());
        if (parent == hierarchy.mounted_at || !parent.has_relative_path()) break;
      }
    }
    if (unified_.empty()) continue;
    auto entry = open_entry(unified_);
    if (!entry) {
      ::rmdir(unified_.c_str());
      unified_.clear();
      continue;
    }
    groups_.push_back({unified_, *std::move(entry)});
    if (is_there(unified_ / "cgroup.freeze")) in_force_.freezing = FrozenBy::cgroup_v2;
    if (write_setting(unified_ / "memory.max", std::to_string(limits.memory_bytes_max))) {
      in_force_.memory = LimitedBy::cgroup_v2;
      write_setting(unified_ / "memory.swap.max", "0");
    }
    if (write_setting(unified_ / "pids.max",
                      std::to_string(limits.processes_max + kBubblewrapProcesses))) {
      in_force_.processes = LimitedBy::cgroup_v2;
    }
    return;
  }
}

void ControlGroups::use_version_1(std::string_view name, const Limits& limits) {
  for (const Hierarchy& hierarchy : mounted_hierarchies()) {
    if (hierarchy.version_2) continue;
    const auto has = [&](std::string_view controller) {
      return std::ranges::find(hierarchy.controllers, controller) != hierarchy.controllers.end();
    };
    const bool memory = has("memory") && in_force_.memory == LimitedBy::resource_limits;
    const bool pids = has("pids") && in_force_.processes == LimitedBy::resource_limits;
    const bool freezer = has("freezer") && in_force_.freezing == FrozenBy::signals;
    if (!memory && !pids && !freezer) continue;
    const std::string_view controller = memory ? "memory" : pids ? "pids" : "freezer";
    const auto folder = make_group(folder_of(hierarchy, own_group(controller)), name);
    if (!folder) continue;
    auto entry = open_entry(*folder);
    if (!entry) {
      ::rmdir(folder->c_str());
      continue;
    }
    groups_.push_back({*folder, *std::move(entry)});
    if (memory &&
        write_setting(*folder / "memory.limit_in_bytes", std::to_string(limits.memory_bytes_max))) {
      in_force_.memory = LimitedBy::cgroup_v1;
    }
    if (pids && write_setting(*folder / "pids.max",
                              std::to_string(limits.processes_max + kBubblewrapProcesses))) {
      in_force_.processes = LimitedBy::cgroup_v1;
    }
    if (freezer && is_there(*folder / "freezer.state")) {
      in_force_.freezing = FrozenBy::cgroup_v1;
      freezer_ = *folder;
    }
  }
}

ControlGroups ControlGroups::create(std::string_view name, const Limits& limits) {
  ControlGroups groups;
  groups.use_version_2(name, limits);
  groups.use_version_1(name, limits);
  if (groups.in_force_.memory == LimitedBy::resource_limits) {
    groups.in_force_.warnings.push_back(
        "no writable memory control group: memory is limited for each process, not for all of "
        "the compartment together");
  }
  return groups;
}

ControlGroups::~ControlGroups() {
  for (Group& group : groups_) {
    group.entry.reset();
    // A member that was killed a moment ago may still be on its way out.
    for (int attempt = 0; attempt < 100; ++attempt) {
      if (::rmdir(group.folder.c_str()) == 0 || errno != EBUSY) break;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }
}

std::vector<int> ControlGroups::entry_descriptors() const {
  std::vector<int> descriptors;
  for (const Group& group : groups_) descriptors.push_back(group.entry.get());
  return descriptors;
}

void ControlGroups::describe(Enforcement& enforcement) const {
  enforcement.memory = in_force_.memory;
  enforcement.processes = in_force_.processes;
  enforcement.freezing = in_force_.freezing;
  enforcement.warnings.insert(enforcement.warnings.end(), in_force_.warnings.begin(),
                              in_force_.warnings.end());
}

Result<void> ControlGroups::freeze() {
  const bool version_2 = in_force_.freezing == FrozenBy::cgroup_v2;
  const Path file = version_2 ? unified_ / "cgroup.freeze" : freezer_ / "freezer.state";
  const Path state = version_2 ? unified_ / "cgroup.events" : file;
  const std::string_view wanted = version_2 ? "frozen 1" : "FROZEN";
  const auto end = std::chrono::steady_clock::now() + kFreezeTimeMax;
  while (true) {
    if (!write_setting(file, version_2 ? "1" : "FROZEN")) {
      return fail_errno(errno, fmt::format("freezing by {}", file.native()));
    }
    const std::string text = TRY(read_text_file(state, kProcFileBytesMax));
    if (text.find(wanted) != std::string::npos) return {};
    if (std::chrono::steady_clock::now() >= end) {
      return fail(ErrorKind::unavailable, fmt::format("{} does not become frozen", file.native()),
                  Retry::may_help);
    }
    std::this_thread::sleep_for(kFreezePoll);
  }
}

Result<void> ControlGroups::thaw() {
  const bool version_2 = in_force_.freezing == FrozenBy::cgroup_v2;
  const Path file = version_2 ? unified_ / "cgroup.freeze" : freezer_ / "freezer.state";
  if (write_setting(file, version_2 ? "0" : "THAWED")) return {};
  return fail_errno(errno, fmt::format("thawing by {}", file.native()));
}

bool ControlGroups::kill() {
  return !unified_.empty() && write_setting(unified_ / "cgroup.kill", "1");
}

}  // namespace bulkhead::sandbox::internal
