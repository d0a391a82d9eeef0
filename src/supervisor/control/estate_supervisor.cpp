#include "supervisor/control/estate_supervisor.h"

#include <cerrno>
#include <thread>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/log.h"
#include "base/text.h"
#include "http/client.h"
#include "supervisor/compartments/instance.h"
#include "supervisor/exposure/pass.h"

namespace bulkhead::supervisor {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kKeySizeMax = 16 * 1024;
constexpr auto kLockWaitMax = 5s;
constexpr auto kLockPause = 50ms;
constexpr auto kDependencyWaitMax = 30s;
// A thaw leaves a service that answers at once, or not at all.
constexpr auto kReadyAfterReleaseMax = 5s;

Result<FileDescriptor> take_lock(const Layout& layout) {
  FileDescriptor lock = TRY(open_file(layout.lock_file(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  // A supervisor that was killed may leave a child for a moment, between fork and exec, which holds
  // the lock with it.
  for (auto waited = 0ms; waited < kLockWaitMax; waited += kLockPause) {
    if (::flock(lock.get(), LOCK_EX | LOCK_NB) == 0) return lock;
    if (errno != EWOULDBLOCK) return fail_errno(errno, layout.lock_file().native());
    std::this_thread::sleep_for(kLockPause);
  }
  return fail(ErrorKind::conflict, fmt::format("another bulkheadd runs the estate in {} already",
                                               layout.folder().native()));
}

std::chrono::milliseconds since(SteadyTime start, const Clock& clock) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(clock.steady_now() - start);
}

// A description has an estate.toml too, but neither keys nor data. Asked before anything is written
// into it.
Result<void> need_made_estate(const Layout& layout) {
  std::error_code error;
  if (std::filesystem::exists(layout.pass_key(), error)) return {};
  const std::string folder = layout.folder().native();
  return fail(ErrorKind::not_found,
              fmt::format("{0} was not made by bulkhead estate create: it has no {1}. Make an "
                          "estate of it in a new folder, with: bulkhead estate create --from {0} "
                          "--at FOLDER",
                          folder, layout.pass_key().lexically_relative(folder).native()));
}

}  // namespace

EstateSupervisor::EstateSupervisor(Estate estate, Path program_folder, Clock& clock)
    : estate_(std::move(estate)),
      layout_(estate_.folder),
      clock_(clock),
      context_{layout_, clock_, std::move(program_folder), {}} {}

Result<std::unique_ptr<EstateSupervisor>> EstateSupervisor::create(Estate estate,
                                                                   Path program_folder,
                                                                   Clock& clock) {
  std::unique_ptr<EstateSupervisor> self(
      new EstateSupervisor(std::move(estate), std::move(program_folder), clock));
  const Layout& layout = self->layout_;
  TRY(need_made_estate(layout));
  TRY(make_directories(layout.run(), 0700));
  self->lock_ = TRY(take_lock(layout));
  TRY(self->prepare_folders());
  self->messages_ = TRY(Messages::load());
  const std::string pem = TRY(read_text_file(layout.pass_key(), kKeySizeMax));
  self->pass_key_ = TRY_CONTEXT(crypto::SigningKey::from_pem(pem), layout.pass_key().native());
  self->events_ = TRY(EventLog::open(layout.state() / "events.jsonl"));
  self->open_ledger();
  self->audit_ = TRY(AuditLog::start(self->estate_, layout, clock, self->ledger_.get()));
  self->context_.on_event = [raw = self.get()](const std::string& service, std::string_view kind,
                                               const std::string& message, std::string_view role) {
    if (kind == "service.ready") raw->gateway_->note_ready(service, role);
    raw->note(std::string(kind), service, message, {{"instance", role}});
  };
  for (const ServiceConfig& service : self->estate_.services) {
    self->runners_[service.name] = std::make_unique<ServiceRunner>(service, self->context_);
  }
  self->gateway_ = TRY(Gateway::start(self->estate_, layout, *self->messages_));
  self->status_ = std::make_unique<StatusWriter>(self->estate_, layout, *self->messages_, clock,
                                                 [raw = self.get()] { return raw->services(); });
  TRY(self->status_->write());
  self->note("supervisor.started", "", "The supervisor has started");
  if (const auto begun = self->begin_witness(); !begun) {
    log::error("the vault is not asked to cosign the ledger", {{"why", begun.error().message()}});
  }
  return self;
}

void EstateSupervisor::open_ledger() {
  auto opened = EstateLedger::open(estate_, layout_, clock_, random_);
  if (opened) {
    ledger_ = std::move(*opened);
    return;
  }
  log::error("the ledger is not in use", {{"why", opened.error().message()}});
  note("ledger.refused", "",
       fmt::format("Nothing is recorded in the ledger: {}", opened.error().message()));
}

Result<void> EstateSupervisor::begin_witness() {
  if (!ledger_) return {};
  const auto text = read_text_file(layout_.witness_verifier_key(), kKeySizeMax);
  if (!text && text.error().kind() == ErrorKind::not_found) return {};
  if (!text) return std::unexpected(text.error());
  LedgerWitness::Options options;
  options.ledger = layout_.ledger();
  options.cosigned = layout_.ledger_cosigned();
  options.key = TRY_CONTEXT(ledger::verify::parse_verifier_key(trim(*text)),
                            layout_.witness_verifier_key().native());
  options.on_problem = [this](const std::string& problem) {
    set_alarm("vault", problem.empty()
                           ? ""
                           : fmt::format("The vault does not cosign the ledger: {}. Where it does "
                                         "not answer, backups, evidence and restores wait for it.",
                                         problem));
  };
  witness_ = std::make_unique<LedgerWitness>(
      std::move(options), WitnessClient(estate_, layout_), [this] { return ledger_->checkpoint(); },
      [this](std::string_view kind, const std::string& message) {
        note(std::string(kind), "", message);
      });
  return {};
}

EstateSupervisor::~EstateSupervisor() { stop_all(0ms); }

Result<void> EstateSupervisor::prepare_folders() {
  for (const Path& folder : {layout_.logs(), layout_.state(), layout_.incidents(),
                             layout_.reports(), layout_.gateway(), layout_.status_pages()}) {
    TRY(make_directories(folder, 0750));
  }
  // Estates made under another umask are put right: sockets lie in run/, keys in secrets/. The
  // gateway's user is let into run/ when the gateway starts.
  const Path audit = audit_socket_relative("x").parent_path();
  TRY(make_directories(audit, 0700));
  for (const Path& folder : {layout_.run(), layout_.secrets(), audit}) {
    if (::chmod(folder.c_str(), 0700) != 0) return fail_errno(errno, folder.native());
  }
  for (const ServiceConfig& service : estate_.services) {
    // What an earlier supervisor left: its compartments ended with it.
    const Path folder = layout_.run() / service.name;
    TRY(remove_tree(folder));
    TRY(make_directories(folder));
    // Whatever the umask: the gateway's user must find the sockets in it.
    if (::chmod(folder.c_str(), 0755) != 0) return fail_errno(errno, folder.native());
  }
  return {};
}

void EstateSupervisor::start_services() {
  const ExposureByService exposures = gateway_->exposures();
  for (const ServiceConfig& service : estate_.services) {
    for (const std::string& name : service.depends_on) {
      if (exposures.at(name) == Exposure::sealed) continue;
      if (!runners_.at(name)->wait_until_ready(kDependencyWaitMax)) {
        note("service.dependency", service.name,
             fmt::format("{} is started although {} is not ready", service.name, name));
      }
    }
    const auto exposure = exposures.find(service.name);
    const bool held = exposure == exposures.end() || exposure->second == Exposure::sealed;
    runners_.at(service.name)->begin(held);
  }
}

bool EstateSupervisor::wait_until_ready(std::chrono::milliseconds time_max) const {
  const auto until = clock_.steady_now() + time_max;
  for (const auto& [service, exposure] : gateway_->exposures()) {
    if (exposure == Exposure::sealed) continue;
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::max(until - clock_.steady_now(), SteadyTime::duration{}));
    if (!runners_.at(service)->wait_until_ready(left)) return false;
  }
  return true;
}

void EstateSupervisor::stop_all(std::chrono::milliseconds grace) {
  if (runners_.empty()) return;
  std::vector<std::thread> threads;
  for (auto& [name, each] : runners_) {
    threads.emplace_back([raw = each.get(), grace] { raw->end(grace); });
  }
  for (std::thread& thread : threads) thread.join();
  if (events_ && status_) {
    note("supervisor.stopped", "", "The supervisor has stopped every service");
  }
  if (ledger_) ledger_->sign();
  witness_.reset();
  status_.reset();
  if (gateway_) gateway_->stop(grace);
  runners_.clear();
}

Result<ServiceRunner*> EstateSupervisor::runner(std::string_view service) const {
  const auto found = runners_.find(service);
  if (found != runners_.end()) return found->second.get();
  return fail(ErrorKind::not_found, fmt::format("there is no service \"{}\"", service));
}

ServiceStatus EstateSupervisor::complete(ServiceStatus status,
                                         const ExposureByService& exposures) const {
  const auto exposure = exposures.find(status.name);
  if (exposure != exposures.end()) status.exposure = exposure->second;
  snapshots_.with([&](const auto& snapshots) {
    const auto mark = snapshots.find(status.name);
    if (mark != snapshots.end()) status.last_snapshot = mark->second;
  });
  return status;
}

std::vector<ServiceStatus> EstateSupervisor::services() const {
  const ExposureByService exposures = gateway_->exposures();
  std::vector<ServiceStatus> out;
  for (const ServiceConfig& service : estate_.services) {
    out.push_back(complete(runners_.at(service.name)->status(), exposures));
  }
  return out;
}

Result<ServiceStatus> EstateSupervisor::service(std::string_view name) const {
  const ServiceRunner* found = TRY(runner(name));
  return complete(found->status(), gateway_->exposures());
}

void EstateSupervisor::hold_all(const std::vector<std::string>& services) {
  std::vector<std::thread> threads;
  for (const std::string& name : services) {
    threads.emplace_back([this, name] {
      const auto held = runners_.at(name)->hold();
      if (held) return;
      // Visitors are refused already; what still runs inside must be known all the same.
      log::error("freezing failed", {{"service", name}, {"why", held.error().message()}});
      note("service.freeze_failed", name,
           fmt::format("{} could not be frozen: {}", name, held.error().message()));
    });
  }
  for (std::thread& thread : threads) thread.join();
}

Result<SealReport> EstateSupervisor::seal(const std::vector<std::string>& services,
                                          const std::string& reason) {
  const SteadyTime start = clock_.steady_now();
  SealReport report;
  std::uint64_t turn = 0;
  ExposureByService changes;
  for (const std::string& name : services) {
    TRY(runner(name));
    changes[name] = Exposure::sealed;
  }
  {
    const std::lock_guard lock(exposure_changes_);
    const ExposureByService before = gateway_->exposures();
    for (const std::string& name : services) ++seals_[name];
    for (const auto& [name, exposure] : changes) {
      if (before.at(name) != Exposure::sealed) report.sealed.push_back(name);
    }
    for (const auto& [name, exposure] : changes) {
      if (before.at(name) == Exposure::sealed) report.sealed.push_back(name);
    }
    std::thread freezing;
    const auto done = gateway_->set_exposures(changes, [&] {
      report.gateway_ms = since(start, clock_);
      // While the gateway's map goes to disk, the compartments are frozen.
      freezing = std::thread([&] {
        hold_all(report.sealed);
        report.seal_ms = since(start, clock_);
      });
    });
    if (freezing.joinable()) {
      freezing.join();
    } else {
      hold_all(report.sealed);  // The gateway failed: stop what is behind it at least.
      report.seal_ms = since(start, clock_);
    }
    // A request that got in while the service was being frozen would wait for its answer for ever.
    gateway_->end_sessions(report.sealed);
    if (!done) return std::unexpected(done.error().with_context("sealing"));
    turn = take_turn();
  }
  tell_in_turn(
      turn, {.services = report.sealed, .to = Exposure::sealed, .reason = reason, .seal = report},
      [&] {
        for (const std::string& name : report.sealed) {
          note("exposure.changed", name, fmt::format("{} is sealed: {}", name, reason),
               {{"to", "sealed"},
                {"reason", reason},
                {"seal_ms", static_cast<std::int64_t>(report.seal_ms.count())}});
        }
      });
  return report;
}

Result<void> EstateSupervisor::set_exposure(const std::string& service, Exposure to,
                                            const std::string& reason) {
  if (to == Exposure::sealed) {
    TRY(seal({service}, reason));
    return {};
  }
  ServiceRunner* found = TRY(runner(service));
  const ServiceConfig* config = estate_.find(service);
  if (config->kind == ServiceKind::tcp && to != Exposure::public_) {
    return fail(
        ErrorKind::invalid,
        fmt::format("{} is reached by TCP, which carries no pass: use public or sealed", service));
  }
  Exposure before = Exposure::sealed;
  std::uint64_t seals = 0;
  std::uint64_t turn = 0;
  {
    const std::lock_guard lock(exposure_changes_);
    before = gateway_->exposures().at(service);
    seals = seals_[service];
  }
  TRY(ask_gate(service, before, to));
  if (before == Exposure::sealed) {
    TRY(found->release());
    // Visitors should meet a service, not the page that says it does not answer. A seal of this
    // service or another does not wait for it.
    found->wait_until_ready(kReadyAfterReleaseMax);
  }
  {
    const std::lock_guard lock(exposure_changes_);
    const Result<void> done = open_unless_sealed(service, to, seals);
    if (!done) {
      if (gateway_->exposures().at(service) == Exposure::sealed) hold_all({service});
      return done;
    }
    turn = take_turn();
  }
  tell_in_turn(turn, {.services = {service}, .to = to, .reason = reason, .seal = {}}, [&] {
    note("exposure.changed", service,
         fmt::format("{} is exposed {}: {}", service, name_of(to), reason),
         {{"from", name_of(before)}, {"to", name_of(to)}, {"reason", reason}});
  });
  return {};
}

Result<void> EstateSupervisor::ask_gate(const std::string& service, Exposure from, Exposure to) {
  const ExposureGate gate = gate_.with([](const ExposureGate& set) { return set; });
  if (!gate || to >= from) return {};
  return gate(service, to);
}

Result<void> EstateSupervisor::open_unless_sealed(const std::string& service, Exposure to,
                                                  std::uint64_t seals) {
  if (seals_[service] != seals) {
    return fail(ErrorKind::conflict, service + " was sealed meanwhile, and stays so");
  }
  TRY(ask_gate(service, gateway_->exposures().at(service), to));
  return gateway_->set_exposures({{service, to}});
}

void EstateSupervisor::set_exposure_gate(ExposureGate gate) {
  gate_.with([&](ExposureGate& set) { set = std::move(gate); });
}

void EstateSupervisor::set_exposure_observer(ExposureObserver observer) {
  observer_.with([&](ExposureObserver& set) { set = std::move(observer); });
}

void EstateSupervisor::tell_in_turn(std::uint64_t turn, const ExposureChange& change,
                                    const std::function<void()>& note_it) {
  {
    std::unique_lock lock(telling_);
    turn_over_.wait(lock, [&] { return turn_ == turn; });
  }
  note_it();
  const ExposureObserver observer = observer_.with([](const ExposureObserver& set) { return set; });
  if (observer) observer(change);
  {
    const std::lock_guard lock(telling_);
    ++turn_;
  }
  turn_over_.notify_all();
}

Result<void> EstateSupervisor::freeze(const std::string& service) {
  return TRY(runner(service))->freeze();
}

Result<void> EstateSupervisor::thaw(const std::string& service) {
  return TRY(runner(service))->thaw();
}

Result<json::Value> EstateSupervisor::process_evidence(const std::string& service) {
  return TRY(runner(service))->evidence();
}

Result<void> EstateSupervisor::stop(const std::string& service) {
  ServiceRunner* found = TRY(runner(service));
  TRY(found->stop());
  note("service.stopped", service, fmt::format("{} was ended", service));
  return {};
}

Result<void> EstateSupervisor::start(const std::string& service) {
  ServiceRunner* found = TRY(runner(service));
  return found->start();
}

Result<std::string> EstateSupervisor::start_clean_room(const std::string& service,
                                                       const std::string& generation,
                                                       std::chrono::milliseconds wait_max) {
  ServiceRunner* found = TRY(runner(service));
  return found->start_clean_room(generation, wait_max);
}

Result<void> EstateSupervisor::promote(const std::string& service) {
  ServiceRunner* found = TRY(runner(service));
  TRY(found->promote());
  gateway_->note_ready(service, "current");
  const ServiceStatus status = found->status();
  note("service.promoted", service,
       fmt::format("{} now runs on generation {} of its dataset", service, status.generation),
       {{"generation", status.generation}, {"instance", status.instance}});
  return {};
}

Result<void> EstateSupervisor::end_clean_room(const std::string& service) {
  ServiceRunner* found = TRY(runner(service));
  return found->end_clean_room();
}

Result<ServiceAnswer> EstateSupervisor::call(const std::string& service, std::string_view instance,
                                             http::Method method, const std::string& path,
                                             std::chrono::milliseconds wait_max) {
  const ServiceRunner* found = TRY(runner(service));
  const ServiceConfig* config = estate_.find(service);
  if (config->kind != ServiceKind::http) {
    return fail(ErrorKind::invalid, fmt::format("{} does not speak HTTP", service));
  }
  const std::string folder = TRY(found->instance_named(instance));
  http::ClientOptions options;
  options.unix_socket = Layout::socket_relative(service, folder);
  options.connect_timeout = wait_max;
  options.timeout = wait_max;
  http::Client client(std::move(options));
  http::ClientRequest request;
  request.method = method;
  request.url = fmt::format("http://{}{}", config->hostnames.front(), path);
  http::ClientResponse answer = TRY_CONTEXT(client.send(request), service);
  return ServiceAnswer{answer.status, std::move(answer.body)};
}

void EstateSupervisor::note_snapshot(const std::string& service, SnapshotMark mark) {
  snapshots_.with([&](auto& snapshots) { snapshots[service] = std::move(mark); });
}

void EstateSupervisor::note(std::string kind, const std::string& service, std::string message,
                            json::Object details) {
  Event event;
  event.kind = std::move(kind);
  event.service = service;
  event.incident = open_incident();
  event.message = std::move(message);
  event.details = std::move(details);
  append_event(std::move(event));
}

Event EstateSupervisor::append_event(Event event) {
  Event kept = events_->append(std::move(event), clock_);
  if (ledger_) ledger_->record(kept);
  log::info(kept.message, {{"kind", kept.kind}, {"service", kept.service}});
  if (status_) status_->note_change();
  return kept;
}

std::vector<Event> EstateSupervisor::events_after(std::uint64_t number,
                                                  std::size_t count_max) const {
  return events_->after(number, count_max);
}

void EstateSupervisor::show_incident(const StatusIncident& incident) { status_->show(incident); }

Result<std::string> EstateSupervisor::issue_pass(std::string_view role, std::chrono::minutes life) {
  std::string token = TRY(supervisor::issue_pass(
      *pass_key_, {.estate = estate_.name, .role = role, .life = life}, clock_, random_));
  note("pass.issued", "",
       fmt::format("A pass for {}s was issued, valid {} minutes", role, life.count()));
  return token;
}

void EstateSupervisor::set_open_incident(const std::string& id) {
  open_incident_.with([&](std::string& open) { open = id; });
}

std::string EstateSupervisor::open_incident() const {
  return open_incident_.with([](const std::string& open) { return open; });
}

void EstateSupervisor::set_alarm(const std::string& subject, const std::string& alarm) {
  alarms_.with([&](std::map<std::string, std::string>& alarms) {
    if (alarm.empty()) {
      alarms.erase(subject);
    } else {
      alarms[subject] = alarm;
    }
  });
}

std::vector<std::string> EstateSupervisor::alarms() const {
  return alarms_.with([](const std::map<std::string, std::string>& alarms) {
    std::vector<std::string> out;
    for (const auto& [subject, alarm] : alarms) out.push_back(alarm);
    return out;
  });
}

}  // namespace bulkhead::supervisor
