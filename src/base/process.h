// Child processes: started with an argument vector (never a shell), ended with the whole group.
// Secrets never go into `arguments` or `environment`; pass them by a file descriptor.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "base/bytes.h"
#include "base/file.h"
#include "base/result.h"

namespace bulkhead {

struct ProcessOptions {
  std::vector<std::string> arguments;    // [0] is the program: a path, or found along PATH
  std::vector<std::string> environment;  // "NAME=value"; nothing is inherited
  Path directory;                        // empty: the caller's
  int standard_input = -1;               // descriptors to hand over; -1 is /dev/null
  int standard_output = -1;
  int standard_error = -1;  // -1: the caller's standard error
  struct Inherited {
    int from;
    int to;
  };
  std::vector<Inherited> inherited;  // further descriptors, by their number in the child
  // Runs in the child between fork and exec: async-signal-safe calls only; false ends the child.
  std::function<bool()> before_exec;
};

struct ExitStatus {
  int code = 0;    // of exit(), where signal is 0
  int signal = 0;  // that ended it
  bool success() const { return code == 0 && signal == 0; }
  std::string describe() const;  // "exit status 3", "killed by signal 9"
};

// One running child, a process group of its own. The destructor kills the group and waits.
class Process {
 public:
  static Result<Process> start(const ProcessOptions& options);
  Process(Process&& other) noexcept;
  Process& operator=(Process&& other) noexcept;
  ~Process();

  pid_t id() const { return id_; }
  // Nothing while it runs.
  std::optional<ExitStatus> poll();
  ExitStatus wait();
  // Nothing when the time is over and it still runs.
  std::optional<ExitStatus> wait_for(std::chrono::milliseconds time);
  // To the whole group.
  void signal(int number);
  // SIGTERM, then after `grace` SIGKILL.
  ExitStatus stop(std::chrono::milliseconds grace);

 private:
  explicit Process(pid_t id) : id_(id) {}
  pid_t id_ = -1;
  std::optional<ExitStatus> status_;
};

struct RunResult {
  ExitStatus status;
  std::string output;
  std::string error_output;
};

// Starts, feeds `input`, gathers both outputs up to `output_limit` bytes each, waits up to
// `timeout`. Past either limit the group is killed, and the error is of kind limit.
Result<RunResult> run(ProcessOptions options, ByteView input, std::size_t output_limit,
                      std::chrono::milliseconds timeout);

}  // namespace bulkhead
