#include "supervisor/control/vault_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>

#include "base/log.h"
#include "base/process.h"
#include "supervisor/estate/layout.h"

namespace bulkhead::supervisor {
namespace {

using namespace std::chrono_literals;

constexpr auto kWatchInterval = 100ms;
constexpr auto kRestartPause = 1s;
constexpr auto kStopGrace = 5s;

}  // namespace

VaultProcess::VaultProcess(const Path& estate_folder, Path program)
    : configuration_(Layout(estate_folder).vault() / "vault.toml"),
      log_file_(Layout(estate_folder).logs() / "vault.log"),
      program_(std::move(program)) {}

Result<std::unique_ptr<VaultProcess>> VaultProcess::start(const Estate& estate,
                                                          const Path& program_folder) {
  if (!estate.vault.run_here) return std::unique_ptr<VaultProcess>();
  const Path program = program_folder / "bulkhead-vault";
  std::error_code error;
  if (!std::filesystem::is_regular_file(program, error)) {
    return fail(ErrorKind::not_found,
                fmt::format("vault.run_here is true, but there is no {}", program.native()));
  }
  TRY(make_directories(Layout(estate.folder).logs(), 0750));
  std::unique_ptr<VaultProcess> vault(new VaultProcess(estate.folder, program));
  vault->thread_ = std::thread([raw = vault.get()] { raw->run(); });
  return vault;
}

VaultProcess::~VaultProcess() {
  ending_ = true;
  if (thread_.joinable()) thread_.join();
}

void VaultProcess::run() {
  ::prctl(PR_SET_NAME, "vault");
  while (!ending_) {
    const auto output = open_file(log_file_, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
    ProcessOptions options;
    options.arguments = {program_.native(), "serve", "--config", configuration_.native()};
    options.environment = {"PATH=/usr/bin:/bin", "LANG=C.UTF-8"};
    if (output) options.standard_error = output->get();
    // It must not keep its port when the supervisor is killed; this thread lives as long.
    options.before_exec = [] { return ::prctl(PR_SET_PDEATHSIG, SIGTERM) == 0; };
    auto process = Process::start(options);
    if (!process) {
      log::error("starting the vault", {{"why", process.error().message()}});
      std::this_thread::sleep_for(kRestartPause);
      continue;
    }
    std::optional<ExitStatus> ended;
    while (!ending_ && !ended) ended = process->wait_for(kWatchInterval);
    if (!ended) {
      process->stop(kStopGrace);
      return;
    }
    log::error("the vault ended by itself; starting it again",
               {{"how", ended->describe()}, {"log", log_file_.native()}});
    std::this_thread::sleep_for(kRestartPause);
  }
}

}  // namespace bulkhead::supervisor
