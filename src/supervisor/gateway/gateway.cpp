#include "supervisor/gateway/gateway.h"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"
#include "supervisor/gateway/configuration.h"

namespace bulkhead::supervisor {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kProcessIdFile = "run/haproxy.pid";
constexpr auto kStartMax = 15s;
constexpr std::chrono::milliseconds kLeftBehindGrace = 1s;
constexpr auto kWatchInterval = 100ms;
// Each round ends one attempt; `retries` in the configuration says how many there are.
constexpr int kEndRoundsMax = 50;
constexpr auto kEndRoundPause = 2ms;
constexpr auto kBackOffFirst = 200ms;
constexpr auto kBackOffMost = 10'000ms;

// HAProxy's names ("0x55e3d40d3f80") of the sessions with one of the backends, from its list.
std::vector<std::string> sessions_with(std::string_view list,
                                       const std::vector<std::string>& backends) {
  std::vector<std::string> found;
  for (const std::string_view line : split(list, '\n')) {
    const auto session = split_once(line, ':');
    if (!session || !session->first.starts_with("0x")) continue;
    const bool is_with = std::ranges::any_of(backends, [&](const std::string& backend) {
      return session->second.find(" be=" + backend + " ") != std::string_view::npos;
    });
    if (is_with) found.emplace_back(session->first);
  }
  return found;
}

// By its full path: /usr/sbin is not on the PATH of ordinary users.
std::string haproxy_program() {
  for (const std::string_view path : {"/usr/sbin/haproxy", "/usr/local/sbin/haproxy"}) {
    std::error_code error;
    if (std::filesystem::exists(path, error)) return std::string(path);
  }
  return "haproxy";
}

struct LeftBehind {
  pid_t id;
  FileDescriptor handle;  // pidfd: stays that process's, whoever gets its number later
};

// The HAProxy of an earlier supervisor of this estate, if it still runs: the id alone could be
// another program's by now.
std::optional<LeftBehind> left_behind(const Layout& layout) {
  const auto text = read_text_file(layout.folder() / kProcessIdFile, 64);
  const auto id = text ? parse_u64(trim(*text)) : std::nullopt;
  if (!id) return std::nullopt;
  LeftBehind found{static_cast<pid_t>(*id),
                   FileDescriptor(static_cast<int>(::syscall(SYS_pidfd_open, *id, 0)))};
  if (found.handle.get() < 0) return std::nullopt;
  const Path process = Path("/proc") / std::to_string(*id);
  std::error_code error;
  const Path folder = std::filesystem::read_symlink(process / "cwd", error);
  if (error || folder != layout.folder()) return std::nullopt;
  const Path program = std::filesystem::read_symlink(process / "exe", error);
  if (error || !program.filename().native().starts_with("haproxy")) return std::nullopt;
  return found;
}

// It runs as the operators' user, and the control socket could not tell it from one of them:
// what it still serves is given little time.
void end(const LeftBehind& old) {
  pollfd ended{old.handle.get(), POLLIN, 0};
  if (::poll(&ended, 1, kLeftBehindGrace.count()) > 0) return;
  ::syscall(SYS_pidfd_send_signal, old.handle.get(), SIGKILL, nullptr, 0);
  ::poll(&ended, 1, kLeftBehindGrace.count());
}

// What HAProxy said since the log had `begin` bytes, of what kept it from starting.
std::string first_alert(const Path& log, std::uintmax_t begin) {
  constexpr std::size_t kLogSizeMax = 64 << 20;
  const auto text = read_text_file(log, kLogSizeMax);
  if (!text || text->size() < begin) return "it said nothing";
  for (const std::string_view line : split(std::string_view(*text).substr(begin), '\n')) {
    const auto alert = split_once(line, ':');
    if (alert && alert->first.starts_with("[ALERT]")) return std::string(trim(alert->second));
  }
  return "it said nothing";
}

// What HAProxy says when it refuses its configuration is the best that an operator can get.
Result<void> check_configuration(const Layout& layout) {
  ProcessOptions options;
  options.arguments = {haproxy_program(), "-c", "-q", "-f", "gateway/haproxy.cfg"};
  options.environment = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin"};
  options.directory = layout.folder();
  const RunResult result = TRY(run(std::move(options), {}, 1 << 20, 60s));
  if (result.status.success()) return {};
  return fail(ErrorKind::invalid,
              fmt::format("HAProxy refuses {}: {}", (layout.gateway() / "haproxy.cfg").native(),
                          trim(result.output + result.error_output)));
}

}  // namespace

Gateway::Gateway(const Estate& estate, const Layout& layout)
    : estate_(estate), layout_(layout), runtime_(Path(kRuntimeSocket)) {}

Result<std::unique_ptr<Gateway>> Gateway::start(const Estate& estate, const Layout& layout,
                                                const Messages& messages) {
  TRY(write_gateway_files(estate, layout, messages));
  TRY(check_configuration(layout));
  std::unique_ptr<Gateway> gateway(new Gateway(estate, layout));
  gateway->exposures_ = TRY(read_exposures(estate, layout));
  TRY(gateway->launch());
  gateway->watcher_ = std::thread([raw = gateway.get()] { raw->watch(); });
  return gateway;
}

Gateway::~Gateway() { stop(0ms); }

// With the lock held, or before there is a second thread.
Result<void> Gateway::launch() {
  const Path log = layout_.logs() / "gateway.log";
  const FileDescriptor output = TRY(open_file(log, O_WRONLY | O_CREAT | O_APPEND, 0640));
  std::error_code error;
  const std::uintmax_t log_begin = std::filesystem::file_size(log, error);
  ProcessOptions options;
  options.arguments = {haproxy_program(), "-db", "-f", "gateway/haproxy.cfg"};
  const auto old = left_behind(layout_);
  if (old) options.arguments.insert(options.arguments.end(), {"-sf", std::to_string(old->id)});
  options.environment = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin"};
  options.directory = layout_.folder();
  options.standard_output = output.get();
  options.standard_error = output.get();
  Process process = TRY_CONTEXT(Process::start(options), "starting the gateway");
  const pid_t id = process.id();
  process_ = std::move(process);
  TRY(write_file_atomic(layout_.folder() / kProcessIdFile, as_bytes(fmt::format("{}\n", id))));
  TRY(wait_until_it_answers(id, log, error ? 0 : log_begin));
  if (old) end(*old);
  return {};
}

Result<void> Gateway::wait_until_it_answers(pid_t id, const Path& log, std::uintmax_t log_begin) {
  const auto until = std::chrono::steady_clock::now() + kStartMax;
  const std::string wanted = fmt::format("Pid: {}\n", id);
  while (std::chrono::steady_clock::now() < until) {
    const auto ended = process_->wait_for(20ms);
    if (ended) {
      return fail(
          ErrorKind::unavailable,
          fmt::format("the gateway ended at once ({}): {}. Where an address is in use, name "
                      "another port in {}, or end who uses it",
                      ended->describe(), first_alert(log, log_begin),
                      layout_.estate_file().native()));
    }
    const auto answer = runtime_.ask("show info", 500ms);
    if (answer && answer->find(wanted) != std::string::npos) return {};
  }
  return fail(ErrorKind::unavailable, "the gateway started but does not answer");
}

void Gateway::watch() {
  ::prctl(PR_SET_NAME, "gateway");
  auto back_off = std::chrono::milliseconds(kBackOffFirst);
  auto pause = std::chrono::milliseconds(kWatchInterval);
  while (!ending_) {
    std::this_thread::sleep_for(pause);
    pause = kWatchInterval;
    const std::lock_guard lock(mutex_);
    if (ending_ || !process_) continue;
    const auto ended = process_->poll();
    if (!ended) continue;
    log::error("the gateway ended by itself; starting it again", {{"how", ended->describe()}});
    const auto launched = launch();
    if (launched) {
      back_off = kBackOffFirst;
      continue;
    }
    log::error("starting the gateway failed", {{"why", launched.error().message()}});
    pause = back_off;
    back_off = std::min<std::chrono::milliseconds>(back_off * 2, kBackOffMost);
  }
}

ExposureByService Gateway::exposures() const {
  const std::lock_guard lock(mutex_);
  return exposures_;
}

Result<void> Gateway::set_exposures(const ExposureByService& changes,
                                    const std::function<void()>& in_force) {
  const std::lock_guard lock(mutex_);
  std::string command;
  for (const auto& [service, exposure] : changes) {
    if (!command.empty()) command += ';';
    command += fmt::format("set map {} {} {}", kExposureMap, service, name_of(exposure));
    exposures_[service] = exposure;
  }
  const auto told = runtime_.tell(command);
  if (told && in_force) in_force();
  // Memory first, then disk: under an attack the disk may be slow, or full.
  auto kept = write_exposures(exposures_, layout_);
  if (!kept && told) {
    kept = std::unexpected(
        kept.error().with_context("in force, but a restart of bulkheadd would forget it"));
  }
  if (!told) {
    // It may be dead, or deaf. A fresh one reads the map from disk, so without the map there is
    // none: a gateway that is down refuses too.
    log::error("the gateway is replaced", {{"why", told.error().message()}});
    if (process_) process_->stop(0ms);
    if (!kept) return kept;
    TRY(launch());
    if (in_force) in_force();
  }
  std::vector<std::string> sealed;
  for (const auto& [service, exposure] : changes) {
    if (exposure == Exposure::sealed) sealed.push_back(service);
  }
  shut_down(backends_of(sealed));
  return kept;
}

std::vector<std::string> Gateway::backends_of(const std::vector<std::string>& services) const {
  std::vector<std::string> backends;
  for (const ServiceConfig& service : estate_.services) {
    if (std::ranges::find(services, service.name) == services.end()) continue;
    if (service.kind == ServiceKind::http) {
      backends.push_back(backend_name("service", service.name));
    }
    for (const PortConfig& port : service.ports) {
      backends.push_back(backend_name("port", service.name + "." + port.name));
    }
  }
  return backends;
}

void Gateway::shut_down(const std::vector<std::string>& backends) {
  for (const std::string& backend : backends) {
    const auto told = runtime_.tell(fmt::format("shutdown sessions server {}/one", backend));
    if (!told) log::warning("ending sessions failed", {{"why", told.error().message()}});
  }
}

// A request without an answer yet is asked again by HAProxy, as configured for services that were
// restarted, and is then no longer among its server's sessions: it is ended by its own name, as
// often as it is asked again.
void Gateway::end_sessions(const std::vector<std::string>& services) {
  const std::vector<std::string> backends = backends_of(services);
  shut_down(backends);
  for (int round = 0; round < kEndRoundsMax; ++round) {
    const auto sessions = runtime_.ask("show sess");
    if (!sessions) {
      log::warning("looking for sessions failed", {{"why", sessions.error().message()}});
      return;
    }
    const std::vector<std::string> left = sessions_with(*sessions, backends);
    if (left.empty()) return;
    // One that has ended meanwhile is no failure.
    for (const std::string& session : left) (void)runtime_.ask("shutdown session " + session);
    std::this_thread::sleep_for(kEndRoundPause);
  }
  log::warning("sessions with sealed services are left",
               {{"services", fmt::format("{}", fmt::join(services, ", "))}});
}

void Gateway::note_ready(const std::string& service, std::string_view instance) {
  const ServiceConfig* config = estate_.find(service);
  if (!config) return;
  std::vector<std::string> backends;
  if (config->kind == ServiceKind::http) {
    backends = {backend_name(instance == "cleanroom" ? "cleanroom" : "service", service)};
  }
  for (const PortConfig& port : config->ports) {
    backends.push_back(backend_name("port", service + "." + port.name));
  }
  for (const std::string& backend : backends) {
    // Where this fails, the gateway's own health check finds out a moment later.
    (void)runtime_.tell(fmt::format("set server {}/one health up", backend));
  }
}

void Gateway::stop(std::chrono::milliseconds grace) {
  if (ending_.exchange(true)) return;
  if (watcher_.joinable()) watcher_.join();
  const std::lock_guard lock(mutex_);
  if (process_) {
    process_->signal(SIGUSR1);  // finish what is under way
    if (!process_->wait_for(grace)) process_->stop(500ms);
  }
  std::error_code ignored;  // A stale file is recognised at the next start.
  std::filesystem::remove(layout_.folder() / kProcessIdFile, ignored);
}

}  // namespace bulkhead::supervisor
