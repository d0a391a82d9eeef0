#include "sandbox/confine.h"

#include <cerrno>

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/process.h"
#include "base/text.h"
#include "sandbox/internal/landlock.h"
#include "sandbox/internal/system_call_filter.h"

namespace bulkhead::sandbox {
namespace {

constexpr std::size_t kMessageBytesMax = 300;
constexpr rlim_t kOpenFilesMax = 64;

bool set_limit(__rlimit_resource resource, rlim_t value) {
  const rlimit limit{value, value};
  return ::setrlimit(resource, &limit) == 0;
}

// In the child between fork and exec: system calls only.
bool confine_self(int input, int rules, const sock_fprog& filter, const ConfineLimits& limits) {
  if (::dup2(input, STDIN_FILENO) < 0 || ::lseek(STDIN_FILENO, 0, SEEK_SET) != 0) return false;
  const auto seconds = static_cast<rlim_t>(limits.processor_time_max.count());
  const bool limited = set_limit(RLIMIT_CPU, seconds) && set_limit(RLIMIT_FSIZE, 0) &&
                       set_limit(RLIMIT_CORE, 0) && set_limit(RLIMIT_NOFILE, kOpenFilesMax) &&
                       set_limit(RLIMIT_DATA, limits.memory_bytes_max);
  if (!limited || ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return false;
  if (rules >= 0 && !internal::restrict_self(rules)) return false;
  return ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0) == 0;
}

std::string last_words(std::string_view error_output) {
  const std::string_view text = trim(error_output);
  return std::string(text.substr(0, kMessageBytesMax));
}

}  // namespace

int landlock_version() { return internal::landlock_version(); }

Result<std::string> run_confined(const std::string& program,
                                 const std::vector<std::string>& arguments, int input,
                                 const ConfineLimits& limits) {
  if (!program.starts_with("/usr/") || ::access(program.c_str(), X_OK) != 0) {
    return fail(ErrorKind::not_found, fmt::format("{}: no such program below /usr", program));
  }
  std::vector<sock_filter> instructions = TRY(internal::confined_filter());
  const sock_fprog filter{static_cast<unsigned short>(instructions.size()), instructions.data()};
  const FileDescriptor rules = TRY(internal::landlock_rules_for(program));
  // Above the three standard descriptors, which are replaced before before_exec runs.
  const FileDescriptor source(::fcntl(input, F_DUPFD_CLOEXEC, 3));
  if (!source.valid()) return fail_errno(errno, fmt::format("{}: copying its input", program));

  ProcessOptions options{.arguments = {program},
                         .environment = {"LANG=C.UTF-8", "PATH=/usr/bin", "HOME=/nonexistent"},
                         .directory = "/"};
  options.arguments.insert(options.arguments.end(), arguments.begin(), arguments.end());
  options.before_exec = [&] {
    return confine_self(source.get(), rules.valid() ? rules.get() : -1, filter, limits);
  };
  RunResult result = TRY(run(std::move(options), {}, limits.output_bytes_max, limits.time_max));
  if (result.status.signal == SIGXCPU || result.status.signal == SIGKILL) {
    return fail(ErrorKind::limit, fmt::format("{}: longer than its processor time", program));
  }
  if (!result.status.success()) {
    return fail(ErrorKind::corrupt, fmt::format("{}: {}: {}", program, result.status.describe(),
                                                last_words(result.error_output)));
  }
  return std::move(result.output);
}

Result<std::string> run_confined(const std::string& program,
                                 const std::vector<std::string>& arguments, ByteView input,
                                 const ConfineLimits& limits) {
  const FileDescriptor file(::memfd_create("input", MFD_CLOEXEC));
  if (!file.valid()) return fail_errno(errno, "making a memory file");
  TRY(write_all(file.get(), input));
  return run_confined(program, arguments, file.get(), limits);
}

}  // namespace bulkhead::sandbox
