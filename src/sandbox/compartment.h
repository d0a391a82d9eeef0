// One running compartment: bubblewrap with the policy's namespaces, a system call filter, limits,
// and (for a root caller) a user id of its own. Movable, owned by one thread at a time. It ends
// with its owner: by the destructor, and when the owner's process dies, however it dies.
// Errors of start(): invalid (the policy), not_found (bubblewrap, a folder), unavailable (the
// kernel refused; what was tried is in the message). What the service itself does wrong is seen by
// poll() and in its output.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/process.h"
#include "sandbox/policy.h"

namespace bulkhead::sandbox {

enum class LimitedBy { cgroup_v2, cgroup_v1, resource_limits };
enum class FrozenBy { cgroup_v2, cgroup_v1, signals };
std::string_view name_of(LimitedBy mechanism);
std::string_view name_of(FrozenBy mechanism);

// What holds this compartment on this machine. Resource limits hold memory for each process alone,
// cgroups for all of them together: that is worth telling an operator.
struct Enforcement {
  LimitedBy memory = LimitedBy::resource_limits;
  LimitedBy processes = LimitedBy::resource_limits;
  FrozenBy freezing = FrozenBy::signals;
  std::uint32_t user_id = 0;          // outside
  std::vector<std::string> warnings;  // what is weaker here than it should be, and why
};

class Compartment {
 public:
  // Both outputs of the service go to `output` (a copy is made); -1: to the caller's standard
  // error. A root caller's data and socket folders are given to the compartment's user id, with all
  // in them.
  static Result<Compartment> start(const Policy& policy, int output = -1);
  Compartment(Compartment&&) noexcept;
  Compartment& operator=(Compartment&&) noexcept;
  ~Compartment();

  const std::string& name() const;
  const Enforcement& enforcement() const;
  // Process ids outside: the first is bubblewrap's own, the last ones are the service's.
  std::vector<pid_t> processes() const;

  // Nothing while it runs. The exit status is the service's (128 + signal where one ended it).
  std::optional<ExitStatus> poll();
  ExitStatus wait();
  std::optional<ExitStatus> wait_for(std::chrono::milliseconds time);

  // SIGTERM to the service, then after `grace` the end of every process.
  ExitStatus stop(std::chrono::milliseconds grace);
  // Ends every process at once, frozen or not.
  void kill();

  // No instruction of any process runs after freeze() has answered; thaw() undoes it.
  Result<void> freeze();
  Result<void> thaw();
  bool frozen() const;

  // Processes with command lines, open files and memory maps, as JSON: meaningful when frozen.
  Result<std::string> evidence() const;

 private:
  struct State;
  explicit Compartment(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace bulkhead::sandbox
