#include "sandbox/compartment.h"

#include <cerrno>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "json/value.h"
#include "sandbox/internal/bubblewrap.h"
#include "sandbox/internal/cgroup.h"
#include "sandbox/internal/lasting_thread.h"
#include "sandbox/internal/own_user.h"
#include "sandbox/internal/process_tree.h"

namespace bulkhead::sandbox {
namespace {

constexpr std::chrono::milliseconds kStartTimeMax{10'000};
constexpr std::chrono::milliseconds kEndTimeMax{5000};
constexpr std::size_t kStatusBytesMax = 4096;

struct Pipe {
  FileDescriptor read;
  FileDescriptor write;
};

Result<Pipe> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return fail_errno(errno, "making a pipe");
  return Pipe{FileDescriptor(ends[0]), FileDescriptor(ends[1])};
}

// bubblewrap writes one JSON object and closes.
Result<pid_t> read_first_process(int status) {
  const auto end = std::chrono::steady_clock::now() + kStartTimeMax;
  std::string text;
  while (true) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        end - std::chrono::steady_clock::now());
    pollfd entry{status, POLLIN, 0};
    if (left.count() <= 0 || ::poll(&entry, 1, static_cast<int>(left.count())) == 0) {
      return fail(ErrorKind::unavailable, "bubblewrap does not get ready", Retry::may_help);
    }
    std::uint8_t buffer[512];
    const std::size_t got = TRY(read_some(status, buffer));
    if (got == 0 || text.size() > kStatusBytesMax) break;
    text.append(reinterpret_cast<const char*>(buffer), got);
  }
  if (text.empty()) {
    return fail(ErrorKind::unavailable, "bubblewrap could not set it up: its output says why");
  }
  const json::Value status_value = TRY(json::parse(text));
  return static_cast<pid_t>(TRY(status_value["child-pid"].to_i64("bubblewrap's child-pid")));
}

bool set_limit(__rlimit_resource resource, std::uint64_t value) {
  rlimit limit{};
  if (::getrlimit(resource, &limit) != 0) return false;
  limit.rlim_max = std::min<rlim_t>(limit.rlim_max, value);
  limit.rlim_cur = limit.rlim_max;
  return ::setrlimit(resource, &limit) == 0;
}

// From outside, since bubblewrap's own user namespace begins to count processes anew: set before,
// the limit would be one on all processes of the caller together.
Result<void> limit_process(pid_t process, __rlimit_resource resource, std::uint64_t value) {
  const rlimit limit{value, value};
  if (::prlimit(process, resource, &limit, nullptr) == 0) return {};
  return fail_errno(errno, "setting a resource limit");
}

}  // namespace

std::string_view name_of(LimitedBy mechanism) {
  switch (mechanism) {
    case LimitedBy::cgroup_v2: return "cgroup v2";
    case LimitedBy::cgroup_v1: return "cgroup v1";
    case LimitedBy::resource_limits: return "resource limits";
  }
  return "unknown";
}

std::string_view name_of(FrozenBy mechanism) {
  switch (mechanism) {
    case FrozenBy::cgroup_v2: return "cgroup v2";
    case FrozenBy::cgroup_v1: return "cgroup v1";
    case FrozenBy::signals: return "signals";
  }
  return "unknown";
}

struct Compartment::State {
  State(std::string service, internal::ControlGroups control_groups)
      : name(std::move(service)), groups(std::move(control_groups)) {}

  std::string name;
  internal::ControlGroups groups;  // declared before `process`: removed after it has ended
  Enforcement enforcement;
  std::optional<Process> process;  // bubblewrap, outside
  pid_t first = -1;                // process 1 inside; the service is its child
  FileDescriptor first_handle;     // pidfd: stays that process's, whoever gets its number later
  bool is_frozen = false;
};

namespace {

// Everything that the child needs between fork and exec, prepared where allocating is allowed.
struct Preparation {
  std::vector<int> group_entries;
  std::optional<internal::OwnUser> user;
  std::optional<internal::StagedMounts> staged;
  Limits limits;

  bool apply() const {
    for (const int entry : group_entries) {
      if (::write(entry, "0", 1) != 1) return false;
    }
    if (staged && !staged->attach()) return false;
    if (user && !internal::become(*user)) return false;
    return set_limit(RLIMIT_CORE, 0) && set_limit(RLIMIT_NOFILE, limits.open_files_max) &&
           set_limit(RLIMIT_FSIZE, limits.file_size_bytes_max);
  }
};

Result<Preparation> prepare(const Policy& policy, Enforcement& enforcement) {
  Preparation preparation;
  preparation.limits = policy.limits;
  internal::OwnUserChoice choice = internal::choose_user(policy);
  enforcement.user_id = choice.user ? choice.user->id : ::geteuid();
  if (!choice.warning.empty()) enforcement.warnings.push_back(std::move(choice.warning));
  if (!choice.user) return preparation;
  TRY(internal::give_tree_to(policy.data_directory, choice.user->id));
  TRY(internal::give_tree_to(policy.socket_directory, choice.user->id));
  preparation.user = choice.user;
  preparation.staged = TRY(internal::StagedMounts::create(internal::mounts_of(policy)));
  return preparation;
}

}  // namespace

Result<Compartment> Compartment::start(const Policy& policy, int output) {
  TRY(validate(policy));
  const std::string context = fmt::format("compartment {}", policy.name);
  auto state = std::make_unique<State>(policy.name,
                                       internal::ControlGroups::create(policy.name, policy.limits));
  state->groups.describe(state->enforcement);
  Preparation preparation = TRY_CONTEXT(prepare(policy, state->enforcement), context);
  preparation.group_entries = state->groups.entry_descriptors();
  const auto mounts =
      preparation.staged ? preparation.staged->mounts() : internal::mounts_of(policy);
  const auto launch = TRY_CONTEXT(internal::bubblewrap_launch(policy, mounts), context);

  Pipe status = TRY(make_pipe());
  Pipe gate = TRY(make_pipe());
  ProcessOptions options{.arguments = launch.arguments,
                         .standard_output = output < 0 ? STDERR_FILENO : output,
                         .standard_error = output};
  options.inherited = {{status.write.get(), internal::kStatusDescriptor},
                       {gate.read.get(), internal::kGateDescriptor}};
  for (std::size_t i = 0; i < launch.handed_over.size(); ++i) {
    options.inherited.push_back(
        {launch.handed_over[i].get(), internal::kFirstHandedOver + static_cast<int>(i)});
  }
  options.before_exec = [&preparation] { return preparation.apply(); };
  state->process = TRY_CONTEXT(internal::start_from_lasting_thread(options), context);
  status.write.reset();
  gate.read.reset();
  state->first = TRY_CONTEXT(read_first_process(status.read.get()), context);
  state->first_handle =
      FileDescriptor(static_cast<int>(::syscall(SYS_pidfd_open, state->first, 0)));
  if (!state->first_handle.valid()) return fail_errno(errno, context);
  if (state->enforcement.processes == LimitedBy::resource_limits) {
    TRY_CONTEXT(limit_process(state->first, RLIMIT_NPROC, policy.limits.processes_max + 1),
                context);
  }
  if (state->enforcement.memory == LimitedBy::resource_limits) {
    TRY_CONTEXT(limit_process(state->first, RLIMIT_DATA, policy.limits.memory_bytes_max), context);
  }
  TRY_CONTEXT(write_all(gate.write.get(), as_bytes("1")), context);
  return Compartment(std::move(state));
}

Compartment::Compartment(std::unique_ptr<State> state) : state_(std::move(state)) {}
Compartment::Compartment(Compartment&&) noexcept = default;

Compartment& Compartment::operator=(Compartment&& other) noexcept {
  if (this != &other) {
    if (state_) kill();
    state_ = std::move(other.state_);
  }
  return *this;
}

Compartment::~Compartment() {
  if (state_) kill();
}

const std::string& Compartment::name() const { return state_->name; }
const Enforcement& Compartment::enforcement() const { return state_->enforcement; }
bool Compartment::frozen() const { return state_->is_frozen; }

std::vector<pid_t> Compartment::processes() const {
  std::vector<pid_t> ids;
  for (const auto& process : internal::process_tree(state_->process->id())) {
    ids.push_back(process.id);
  }
  return ids;
}

std::optional<ExitStatus> Compartment::poll() { return state_->process->poll(); }
ExitStatus Compartment::wait() { return state_->process->wait(); }
std::optional<ExitStatus> Compartment::wait_for(std::chrono::milliseconds time) {
  return state_->process->wait_for(time);
}

ExitStatus Compartment::stop(std::chrono::milliseconds grace) {
  if (const auto status = poll()) return *status;
  if (state_->is_frozen) (void)thaw();
  for (const auto& process : internal::process_tree(state_->process->id())) {
    if (process.parent == state_->first) ::kill(process.id, SIGTERM);
  }
  if (const auto status = wait_for(grace)) return *status;
  kill();
  return wait();
}

void Compartment::kill() {
  const bool ended = poll().has_value();
  // With process 1 the kernel ends all the others inside.
  if (!ended && !state_->groups.kill()) {
    ::syscall(SYS_pidfd_send_signal, state_->first_handle.get(), SIGKILL, nullptr, 0);
    state_->process->signal(SIGKILL);
  }
  // Version 1's freezer and stopped processes take the signal only when they run again.
  if (state_->is_frozen) (void)thaw();
  state_->process->wait();
  // Readable when process 1 has ended, which it does last.
  pollfd entry{state_->first_handle.get(), POLLIN, 0};
  (void)::poll(&entry, 1, static_cast<int>(kEndTimeMax.count()));
}

Result<void> Compartment::freeze() {
  const std::string context = fmt::format("compartment {}", state_->name);
  if (poll()) return fail(ErrorKind::not_found, context + " has ended");
  if (state_->enforcement.freezing == FrozenBy::signals) {
    TRY_CONTEXT(internal::stop_by_signals(state_->process->id()), context);
  } else {
    TRY_CONTEXT(state_->groups.freeze(), context);
  }
  state_->is_frozen = true;
  return {};
}

Result<void> Compartment::thaw() {
  state_->is_frozen = false;
  if (state_->enforcement.freezing != FrozenBy::signals) {
    return state_->groups.thaw();
  }
  internal::continue_by_signals(state_->process->id());
  return {};
}

Result<std::string> Compartment::evidence() const {
  json::Array processes;
  for (const auto& process : internal::process_tree(state_->process->id())) {
    processes.push_back(internal::describe_process(process));
  }
  if (processes.empty()) {
    return fail(ErrorKind::not_found, fmt::format("compartment {} has ended", state_->name));
  }
  return json::write(json::Object{{"compartment", state_->name},
                                  {"frozen", state_->is_frozen},
                                  {"user_id", std::uint64_t{state_->enforcement.user_id}},
                                  {"processes", std::move(processes)}},
                     json::Layout::indented);
}

}  // namespace bulkhead::sandbox
