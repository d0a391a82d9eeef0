#include "service/service.h"

#include <cstdio>

#include <pthread.h>
#include <signal.h>

#include "base/log.h"
#include "http/server.h"
#include "service/internal/audit_socket.h"
#include "service/internal/command_line.h"
#include "service/internal/instance.h"

namespace bulkhead::service {
namespace {

constexpr std::chrono::milliseconds kStopGrace{10'000};
constexpr int kExitUsage = 2;

sigset_t stop_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  return set;
}

Result<config::Document> read_configuration(const Path& file) {
  if (file.empty()) return config::Document::parse("", "no configuration");
  return config::Document::read(file);
}

Result<void> serve(const internal::CommandLine& line, const Definition& definition,
                   const Setup& setup) {
  // Before any thread is started, so that none of them takes the signals.
  const sigset_t signals = stop_signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);

  auto configuration = TRY(read_configuration(line.config));
  SystemClock clock;
  SystemRandom random;
  internal::AuditSocket audit(definition.name, line.audit_socket, clock);
  auto instance = TRY(internal::Instance::start(
      {.definition = definition,
       .data = line.data,
       .configuration = std::move(configuration),
       .clock = clock,
       .random = random,
       .audit = audit,
       .audit_counts = [&audit] { return internal::AuditCounts{audit.sent(), audit.dropped()}; }},
      setup));
  http::ServerOptions options;
  options.unix_socket = line.socket;
  options.trust_forwarded = true;  // only the gateway and the supervisor reach this socket
  auto server = TRY(http::Server::start(
      std::move(options), [&](http::Request& request) { return instance->handle(request); }));
  log::info("listening", {{"socket", line.socket.native()}});

  int signal_number = 0;
  sigwait(&signals, &signal_number);
  log::info("stopping", {{"signal", std::to_string(signal_number)}});
  instance->begin_stop();
  server->stop(kStopGrace);
  return {};
}

}  // namespace

Result<Path> Context::quiesced_file(std::string_view file) const {
  const Path folder = data / ".quiesced";
  TRY(make_directories(folder, 0700));
  return folder / file;
}

bool Context::is_read_only(const http::Request& request) {
  return request.headers.find("X-Bulkhead-Exposure") == "read-only";
}

int run(int argc, char** argv, const Definition& definition, const Setup& setup) {
  const std::string program = "bulkhead-" + definition.name;
  log::start(program);
  const auto line = internal::parse_command_line(argc, argv);
  if (!line) {
    std::fprintf(stderr, "%s: %s\n%s", program.c_str(), line.error().message().c_str(),
                 internal::usage(program).c_str());
    return kExitUsage;
  }
  if (line->help) {
    std::fputs(internal::usage(program).c_str(), stdout);
    return 0;
  }
  try {
    const Result<void> result = serve(*line, definition, setup);
    if (result) return 0;
    log::error("cannot run", {{"error", result.error().message()}});
  } catch (const std::exception& error) {
    log::error("cannot run", {{"error", error.what()}});
  }
  return 1;
}

}  // namespace bulkhead::service
