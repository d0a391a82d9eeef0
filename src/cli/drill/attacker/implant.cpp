#include "cli/drill/attacker/implant.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <thread>

#include <fmt/format.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

namespace bulkhead::cli::drill::attacker {
namespace {

constexpr std::chrono::milliseconds kTriggerPoll{20};
constexpr std::uint64_t kFilesPerReport = 20;
constexpr int kSignalBase = 128;

struct Report {
  Path file;
  WallTime started;
  std::vector<Attempt> attempts;

  Result<void> write(const Damage& damage, std::string_view state) const {
    const bool escaped = std::ranges::any_of(attempts, &Attempt::succeeded);
    const json::Object report{{"state", state},
                              {"started", to_rfc3339(started)},
                              {"written", to_rfc3339(SystemClock().now())},
                              {"escaped", escaped},
                              {"files_encrypted", damage.files},
                              {"bytes_encrypted", damage.bytes},
                              {"files_refused", damage.failures},
                              {"attempts", to_json(attempts)}};
    return write_file_atomic(file, as_bytes(json::write(report, json::Layout::indented)), 0600);
  }
};

volatile sig_atomic_t service_id = -1;

void pass_on(int signal) {
  if (service_id > 0) ::kill(static_cast<pid_t>(service_id), signal);
}

pid_t start_service(const std::vector<std::string>& command) {
  std::vector<char*> arguments;
  for (const std::string& argument : command) {
    arguments.push_back(const_cast<char*>(argument.c_str()));
  }
  arguments.push_back(nullptr);
  const pid_t id = ::fork();
  if (id == 0) {
    ::execv(arguments[0], arguments.data());
    ::_exit(127);
  }
  return id;
}

void wait_for_trigger_and_attack(const ImplantOptions& options) {
  const Surroundings surroundings;
  while (::access((surroundings.data / kTriggerName).c_str(), F_OK) != 0) {
    std::this_thread::sleep_for(kTriggerPoll);
  }
  if (const auto done = attack(options, surroundings); !done) {
    log::error("no attack", {{"reason", done.error().message()}});
  }
}

}  // namespace

Result<void> attack(const ImplantOptions& options, const Surroundings& surroundings) {
  TRY(check_surroundings(surroundings, options.token));
  SystemRandom random;
  auto encryption = TRY(Encryption::create(
      surroundings.data,
      {std::string(kMarkerName), std::string(kTriggerName), std::string(kReportName)}, options.pace,
      random));
  const Report report{surroundings.data / kReportName, SystemClock().now(),
                      reach_out(options.targets)};
  TRY(report.write({}, "reached out"));
  const Damage damage = encryption.run([&](const Damage& so_far) {
    if ((so_far.files + so_far.failures) % kFilesPerReport == 1) {
      (void)report.write(so_far, "encrypting");
    }
  });
  return report.write(damage, "finished");
}

int run_implant(const ImplantOptions& options) {
  service_id = start_service(options.service);
  if (service_id < 0) {
    log::error("the service does not start",
               {{"reason", error_from_errno(errno, "fork").message()}});
    return EXIT_FAILURE;
  }
  for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2}) ::signal(number, pass_on);
  std::thread(wait_for_trigger_and_attack, options).detach();
  int status = 0;
  while (::waitpid(static_cast<pid_t>(service_id), &status, 0) < 0 && errno == EINTR) {
  }
  return WIFSIGNALED(status) ? kSignalBase + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace bulkhead::cli::drill::attacker
