// bulkheadd --estate DIR: runs an estate in the foreground until SIGTERM or SIGINT.
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "http/server.h"
#include "supervisor/control/control_routes.h"
#include "supervisor/control/estate_supervisor.h"
#include "supervisor/control/log_rotation.h"
#include "supervisor/control/peer.h"
#include "supervisor/control/vault_process.h"
#include "supervisor/protection.h"

namespace bulkhead::supervisor {
namespace {

using namespace std::chrono_literals;

// Longer than any sound service takes; the watchers do not wait for a broken one for ever.
constexpr auto kReadyWaitMax = 30s;
constexpr auto kStopGrace = 5s;

Result<Path> program_folder() {
  std::error_code error;
  const Path self = std::filesystem::read_symlink("/proc/self/exe", error);
  if (error) return fail(ErrorKind::io, "cannot find where bulkheadd itself is");
  return self.parent_path();
}

Result<std::unique_ptr<http::Server>> start_control(EstateSupervisor& supervisor,
                                                    Extension& extension) {
  http::Router router;
  add_control_routes(router, supervisor);
  extension.add_routes(router);
  auto shared = std::make_shared<const http::Router>(std::move(router));
  http::ServerOptions options;
  options.unix_socket = Path("run") / "control.sock";
  options.unix_socket_mode = 0600;
  options.threads = 8;
  options.identify_peer = true;
  return http::Server::start(
      options, for_operators([shared](http::Request& request) { return shared->handle(request); }));
}

void print_addresses(const Estate& estate, bool all_ready) {
  fmt::print("\nThe estate \"{}\" is up{}.\n\n", estate.name,
             all_ready ? "" : ", but not every service is ready: bulkhead estate status says why");
  for (const ServiceConfig& service : estate.services) {
    if (service.hostnames.empty()) continue;
    fmt::print("  {:<14}{}/\n", service.name, estate.https_origin(service.hostnames.front()));
  }
  for (const ServiceConfig& service : estate.services) {
    for (const PortConfig& port : service.ports) {
      fmt::print("  {:<14}{}:{}\n", fmt::format("{} {}", service.name, port.name),
                 estate.gateway.address, port.port);
    }
  }
  fmt::print("  {:<14}{}/\n\n", "status", estate.https_origin(estate.status_host()));
  std::fflush(stdout);
}

Result<void> run_estate(const Path& folder, const sigset_t& signals) {
  Estate estate = TRY(read_estate(folder));
  const Path programs = TRY(program_folder());
  if (::chdir(estate.folder.c_str()) != 0) return fail_errno(errno, estate.folder.native());
  SystemClock clock;
  const auto supervisor = TRY(EstateSupervisor::create(std::move(estate), programs, clock));
  const auto vault = TRY(VaultProcess::start(supervisor->estate(), programs));
  const LogRotation rotation(supervisor->layout().logs());
  supervisor->start_services();
  const auto extension = TRY(make_protection(*supervisor));
  const auto control = TRY(start_control(*supervisor, *extension));
  int received = 0;
  bool all_ready = false;
  const SteadyTime until = clock.steady_now() + kReadyWaitMax;
  while (!all_ready && received == 0 && clock.steady_now() < until) {
    all_ready = supervisor->wait_until_ready(200ms);
    const timespec at_once{};
    received = std::max(0, ::sigtimedwait(&signals, nullptr, &at_once));
  }
  TRY(extension->start());
  if (received == 0) print_addresses(supervisor->estate(), all_ready);
  while (received == 0 && ::sigwait(&signals, &received) != 0) {
  }
  log::info("ending", {{"signal", std::to_string(received)}});
  extension->stop();
  control->stop(1s);
  supervisor->stop_all(kStopGrace);
  return {};
}

}  // namespace
}  // namespace bulkhead::supervisor

int main(int argc, char** argv) {
  bulkhead::log::start("bulkheadd");
  std::string folder;
  if (const char* from_environment = std::getenv("BULKHEAD_ESTATE")) folder = from_environment;
  if (argc == 3 && std::string_view(argv[1]) == "--estate") {
    folder = argv[2];
  } else if (argc != 1) {
    folder.clear();
  }
  if (folder.empty()) {
    fmt::print(stderr, "usage: bulkheadd --estate DIR   (or BULKHEAD_ESTATE=DIR bulkheadd)\n");
    return 2;
  }
  // Blocked in every thread that follows, and taken by sigwait() alone.
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  // The gateway's user reads the status page; what is secret says so itself.
  ::umask(0022);
  const auto result = bulkhead::supervisor::run_estate(folder, signals);
  if (result) return 0;
  fmt::print(stderr, "bulkheadd: {}\n", result.error().message());
  return 1;
}
