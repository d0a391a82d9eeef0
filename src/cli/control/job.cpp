#include "cli/control/job.h"

#include <cstdio>
#include <thread>

#include <fmt/format.h>
#include <unistd.h>

namespace bulkhead::cli::control {
namespace {

constexpr std::chrono::milliseconds kLookPeriod{50};

}  // namespace

Result<json::Value> wait_for_job(const Control& control, const json::Value& started,
                                 std::chrono::milliseconds time_max, const JobProgress& progress) {
  const std::string id = TRY(started["job"].to_string("job"));
  const auto until = std::chrono::steady_clock::now() + time_max;
  std::string last;
  double last_progress = -1;
  while (true) {
    const json::Value job = TRY(control.get("/v1/jobs/" + id));
    const std::string state = TRY(job["state"].to_string("job's state"));
    const std::string message = TRY(job["message"].to_string("job's message"));
    const double done = job["progress"].to_double("job's progress").value_or(0);
    if (progress && (message != last || done != last_progress)) progress(done, message);
    last = message;
    last_progress = done;
    if (state == "succeeded") return job["result"];
    if (state == "failed") return fail(ErrorKind::unavailable, message);
    if (std::chrono::steady_clock::now() > until) {
      return fail(ErrorKind::limit, fmt::format("job {} still runs: {}", id, message));
    }
    std::this_thread::sleep_for(kLookPeriod);
  }
}

JobProgress print_progress() {
  const bool is_terminal = isatty(STDERR_FILENO) == 1;
  return [is_terminal, last = std::string()](double progress, const std::string& message) mutable {
    if (is_terminal) {
      fmt::print(stderr, "\r\x1b[K{:3.0f} %  {}{}", progress * 100, message,
                 progress >= 1 ? "\n" : "");
    } else if (message != last) {
      fmt::print(stderr, "{}\n", message);
    }
    last = message;
    std::fflush(stderr);
  };
}

}  // namespace bulkhead::cli::control
