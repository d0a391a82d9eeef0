#include "supervisor/protection.h"

#include <optional>

#include "base/log.h"
#include "base/periodic_task.h"
#include "supervisor/backup/scheduler.h"
#include "supervisor/incident/routes.h"
#include "supervisor/watch/canaries.h"
#include "supervisor/watch/watcher.h"

namespace bulkhead::supervisor {
namespace {

constexpr std::chrono::seconds kRetryPeriod{1};

class Protection final : public Extension {
 public:
  Protection(Supervisor& supervisor, std::unique_ptr<IncidentDesk> desk)
      : supervisor_(supervisor),
        desk_(std::move(desk)),
        vault_(connect_to_vault(supervisor.estate().vault, supervisor.layout())),
        backups_(
            supervisor, vault_,
            [this](const analysis::Indicator& indicator) { desk_->report(indicator); },
            [this](const std::string& service, WallTime begun, WallTime complete) {
              return desk_->is_tainted(service, begun, complete);
            }),
        recovery_(supervisor, *desk_, backups_, vault_,
                  {.watch_clean_room =
                       [this](const std::string& service, const std::string& generation) {
                         return watch(service, generation);
                       },
                   .look = [this](const std::string& service) { watcher_->look(service); },
                   .watch_promoted =
                       [this](const std::string& service, const std::string& generation) {
                         return watch_promoted(service, generation);
                       },
                   .ask_page =
                       [this](const std::string& host, const std::string& pass) {
                         return OutsideProbe(supervisor_).need_page(host, pass);
                       }}),
        scheduler_(supervisor, backups_, vault_),
        jobs_(supervisor.clock()) {
    supervisor_.set_exposure_gate(
        [this](const std::string& service, Exposure to) { return desk_->may_expose(service, to); });
    supervisor_.set_exposure_observer(
        [this](const Supervisor::ExposureChange& change) { exposure_changed(change); });
  }

  ~Protection() override {
    stop();
    supervisor_.set_exposure_observer(nullptr);
    supervisor_.set_exposure_gate(nullptr);
  }

  // Before the routes are there: a recovery may be asked for as soon as they are.
  Result<void> start_watcher() {
    watcher_ = TRY(Watcher::start(
        supervisor_.clock(), [this](const analysis::Indicator& found) { desk_->report(found); }));
    return {};
  }

  void add_routes(http::Router& router) override {
    add_protection_routes(router, {.supervisor = supervisor_,
                                   .desk = *desk_,
                                   .backups = backups_,
                                   .vault = vault_,
                                   .recovery = recovery_,
                                   .jobs = jobs_});
  }

  Result<void> start() override {
    desk_->resume();
    for (const ServiceConfig& service : supervisor_.estate().services) {
      if (is_evidence(service.name)) continue;
      // One dataset that cannot be watched is no reason to run the estate without the others.
      if (const Result<void> watched = watch_current(service.name); !watched) {
        log::error("A dataset is not watched",
                   {{"service", service.name}, {"error", watched.error().message()}});
      }
    }
    scheduler_.start();
    retry_.emplace("retry", kRetryPeriod, [this] { desk_->retry(); });
    return {};
  }

  void stop() override {
    retry_.reset();
    vault_.stop_waiting();
    scheduler_.stop();
    jobs_.stop();
    watcher_.reset();
  }

 private:
  // Sealed with an indicator: what lies there now is to be kept, not watched.
  bool is_evidence(const std::string& service) const {
    const std::optional<Incident> open = desk_->current();
    const AffectedService* affected = open ? open->find(service) : nullptr;
    return affected != nullptr && affected->contained && affected->exposure == Exposure::sealed &&
           !affected->current_indicators().empty();
  }

  Result<void> watch_current(const std::string& name) {
    const ServiceStatus status = TRY(supervisor_.service(name));
    return watch(name, status.generation);
  }

  Result<void> watch_promoted(const std::string& name, const std::string& generation) {
    watcher_->look(name);
    if (!watcher_->is_armed(name, generation)) TRY(watch(name, generation));
    watcher_->keep_only(name, generation);
    return {};
  }

  Result<void> watch(const std::string& name, const std::string& generation) {
    const ServiceConfig& service = *supervisor_.estate().find(name);
    const std::vector<analysis::Indicator> touched = TRY(tend_canaries(
        supervisor_.layout(), service, generation, random_, supervisor_.clock().now()));
    DatasetWatchOptions options{.service = name,
                                .generation = generation,
                                .root = supervisor_.layout().generation(name, generation),
                                .canaries = {},
                                .limits = {.window = service.watch.period,
                                           .illegible_max = service.watch.files_of_high_entropy_max,
                                           .rewritten_max = service.watch.files_changed_max,
                                           .removed_max = service.watch.files_changed_max},
                                .entropy_bits_min = service.watch.entropy_bits_min};
    for (const Path& canary : service.canaries) {
      if (std::filesystem::is_regular_file(
              std::filesystem::symlink_status(options.root / canary))) {
        options.canaries.insert(canary.string());
      }
    }
    TRY(watcher_->arm(std::move(options)));
    for (const analysis::Indicator& indicator : touched) desk_->report(indicator);
    return {};
  }

  void exposure_changed(const Supervisor::ExposureChange& change) {
    desk_->exposure_changed(change);
    const std::optional<Incident> open = desk_->current();
    if (change.to != Exposure::sealed || !open) return;
    const Result<std::string> job = jobs_.start(
        "evidence", [this, id = open->id, services = change.services](JobHandle& handle) {
          const Result<void> kept = recovery_.preserve(id, services, handle);
          return kept ? Result<json::Value>(json::Value()) : std::unexpected(kept.error());
        });
    if (!job) {
      log::warning("Evidence is kept when the recovery begins, not now",
                   {{"incident", open->id}, {"error", job.error().message()}});
    }
  }

  Supervisor& supervisor_;
  const std::unique_ptr<IncidentDesk> desk_;
  VaultConnection vault_;
  Backups backups_;
  Recovery recovery_;
  BackupScheduler scheduler_;
  SystemRandom random_;
  // Last, so that they end first: both use what is above.
  Jobs jobs_;
  std::unique_ptr<Watcher> watcher_;
  std::optional<PeriodicTask> retry_;
};

}  // namespace

Result<std::unique_ptr<Extension>> make_protection(Supervisor& supervisor) {
  std::unique_ptr<IncidentDesk> desk = TRY(IncidentDesk::open(supervisor));
  auto protection = std::make_unique<Protection>(supervisor, std::move(desk));
  TRY(protection->start_watcher());
  return protection;
}

}  // namespace bulkhead::supervisor
