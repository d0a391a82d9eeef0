#include "supervisor/backup/backup.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/log.h"
#include "repository/backup.h"
#include "supervisor/backup/dataset_snapshots.h"
#include "supervisor/backup/readable.h"

namespace bulkhead::supervisor {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds kQuiesceWaitMax = 60s;

std::vector<std::string> canaries_of(const ServiceConfig& service) {
  std::vector<std::string> canaries;
  for (const Path& canary : service.canaries) canaries.push_back(canary.string());
  return canaries;
}

}  // namespace

json::Value to_json(const BackupOutcome& outcome) {
  json::Array indicators;
  for (const analysis::Indicator& indicator : outcome.indicators) {
    indicators.push_back(analysis::to_json(indicator));
  }
  return json::Object{{"service", outcome.service},
                      {"snapshot", outcome.snapshot},
                      {"time", to_rfc3339_milliseconds(outcome.time)},
                      {"files", outcome.files},
                      {"bytes", outcome.bytes},
                      {"bytes_added", outcome.bytes_added},
                      {"quiesced", outcome.quiesced},
                      {"indicators", indicators}};
}

std::mutex& Backups::lock_of(const std::string& service) {
  const std::lock_guard lock(mutex_);
  return service_locks_[service];
}

Result<BackupOutcome> Backups::back_up(const std::string& service, const Progress& progress,
                                       const std::atomic<bool>* cancel) {
  const std::lock_guard service_lock(lock_of(service));
  const ServiceStatus status = TRY(supervisor_.service(service));
  if (status.exposure == Exposure::sealed || status.state == ServiceState::frozen) {
    return fail(ErrorKind::conflict, service +
                                         " is sealed and is not backed up: its state is kept as "
                                         "evidence by the incident");
  }
  Result<BackupOutcome> outcome = back_up_now(status, progress, cancel);
  BackupResultRecord record{.time = supervisor_.clock().now()};
  Event event{.time = record.time, .service = service};
  if (outcome) {
    record.outcome = *outcome;
    event.kind = "backup.made";
    event.message =
        fmt::format("Snapshot {} of {} files", outcome->snapshot.substr(0, 8), outcome->files);
    event.details = *to_json(*outcome).object();
  } else {
    record.error = outcome.error().message();
    event.kind = "backup.failed";
    event.message = record.error;
    // What was wrong may be the connection itself.
    if (outcome.error().kind() != ErrorKind::conflict) vault_.reset();
  }
  supervisor_.append_event(std::move(event));
  {
    const std::lock_guard lock(mutex_);
    results_[service] = std::move(record);
  }
  if (outcome) {
    for (const analysis::Indicator& indicator : outcome->indicators) listener_(indicator);
  }
  return outcome;
}

Result<BackupOutcome> Backups::back_up_now(const ServiceStatus& status, const Progress& progress,
                                           const std::atomic<bool>* cancel) {
  BackupOutcome outcome{.service = status.name};
  outcome.quiesced = TRY(quiesce(status));
  std::vector<std::string> tags{service_tag(status.name)};
  if (outcome.quiesced) tags.emplace_back(kQuiescedTag);
  const Taken taken = TRY(take(status, std::move(tags), Completeness::required, progress, cancel));
  outcome.snapshot = taken.snapshot.id.to_hex();
  outcome.time = taken.snapshot.time;
  if (const auto& summary = taken.snapshot.summary) {
    outcome.files = summary->total_files_processed;
    outcome.bytes = summary->total_bytes_processed;
    outcome.bytes_added = summary->data_added;
  }
  supervisor_.note_snapshot(status.name, {.id = outcome.snapshot, .time = outcome.time});
  if (taken.before) {
    const ServiceConfig& config = *supervisor_.estate().find(status.name);
    const std::shared_ptr<repository::Repository> repository = TRY(vault_.open());
    outcome.indicators =
        TRY_CONTEXT(compare_snapshots(*repository,
                                      {.service = status.name,
                                       .time = outcome.time,
                                       .generation = status.generation,
                                       .canaries = canaries_of(config)},
                                      *taken.before, taken.snapshot),
                    "comparing the snapshot of " + status.name + " with the one before");
  }
  return outcome;
}

Result<std::vector<analysis::Indicator>> Backups::compare(const ServiceStatus& status,
                                                          const Taken& taken) {
  if (!taken.before) return std::vector<analysis::Indicator>();
  const std::shared_ptr<repository::Repository> repository = TRY(vault_.open());
  return TRY_CONTEXT(
      compare_snapshots(*repository,
                        {.service = status.name,
                         .time = taken.snapshot.time,
                         .generation = status.generation,
                         .canaries = canaries_of(*supervisor_.estate().find(status.name))},
                        *taken.before, taken.snapshot),
      "comparing the snapshot of " + status.name + " with the one before");
}

// True where the service has left consistent copies of its databases.
Result<bool> Backups::quiesce(const ServiceStatus& status) {
  const ServiceConfig* config = supervisor_.estate().find(status.name);
  if (config == nullptr || config->kind != ServiceKind::http) return false;
  if (status.state != ServiceState::ready && status.state != ServiceState::unready) {
    return false;  // it does not run: nothing is written, and the files are consistent as they are
  }
  const ServiceAnswer answer = TRY_CONTEXT(
      supervisor_.call(status.name, "current", http::Method::post, "/quiesce", kQuiesceWaitMax),
      "quiescing " + status.name);
  if (answer.status == 200) return true;
  if (answer.status == 404) return false;  // a program without a database
  return fail(ErrorKind::unavailable,
              fmt::format("quiescing {}: it answered {}; no snapshot was taken, since its database "
                          "might be torn in it",
                          status.name, answer.status));
}

Result<Backups::Taken> Backups::take(const ServiceStatus& status, std::vector<std::string> tags,
                                     Completeness completeness, const Progress& progress,
                                     const std::atomic<bool>* cancel) {
  const std::shared_ptr<repository::Repository> repository = TRY(vault_.open());
  const std::vector<repository::Snapshot> earlier = TRY(snapshots_of(*repository, status.name));
  Taken taken;
  for (const repository::Snapshot& snapshot : earlier) {
    if (has_tag(snapshot, kEvidenceTag)) continue;
    if (is_tainted_(status.name, snapshot.time, complete_at(snapshot))) continue;
    taken.before = snapshot;
  }
  repository::BackupOptions options;
  // A vault only grows: an incomplete snapshot would stay, and pass for the newest clean one.
  options.require_complete = completeness == Completeness::required;
  options.paths = {"."};
  options.directory = supervisor_.layout().generation(status.name, status.generation);
  options.recorded_paths = {recorded_path(status.name)};
  options.tags = std::move(tags);
  options.hostname = supervisor_.estate().name;
  options.cancel = cancel;
  options.progress = [&](const repository::BackupProgress& now) {
    if (!progress || now.files_found == 0) return;
    progress(static_cast<double>(now.files_done) / static_cast<double>(now.files_found));
  };
  repository::BackupResult result = TRY_CONTEXT(repository::backup(*repository, options),
                                                "backing up the dataset of " + status.name);
  taken.snapshot = std::move(result.snapshot);
  for (const repository::PathError& lacking : result.errors) {
    if (lacking.error.kind() == ErrorKind::not_found) continue;  // gone meanwhile: not missed
    const Path path = Path(lacking.path).lexically_normal();
    taken.unreadable.push_back(
        path.is_absolute() ? path.lexically_relative(options.directory).string() : path.string());
  }
  return taken;
}

Result<EvidenceOutcome> Backups::preserve(const std::string& service, const std::string& incident,
                                          const std::atomic<bool>* cancel) {
  const std::lock_guard service_lock(lock_of(service));
  const ServiceStatus status = TRY(supervisor_.service(service));
  const std::vector<std::string> tags{service_tag(service), std::string(kEvidenceTag),
                                      incident_tag(incident)};
  EvidenceOutcome outcome;
  Result<Taken> complete = take(status, tags, Completeness::required, nullptr, cancel);
  if (!complete && complete.error().kind() != ErrorKind::unavailable) {
    // An attacker who makes a file unreadable must not stop the recovery by it.
    outcome.made_readable =
        make_readable(supervisor_.layout().generation(service, status.generation));
    complete = take(status, tags, Completeness::as_far_as_readable, nullptr, cancel);
  }
  const Taken taken = TRY(std::move(complete));
  outcome.snapshot = taken.snapshot;
  outcome.before = taken.before;
  outcome.unreadable = taken.unreadable;
  outcome.indicators = TRY(compare(status, taken));
  if (taken.before) {
    const std::shared_ptr<repository::Repository> repository = TRY(vault_.open());
    const analysis::Listing before = TRY(listing_of(*repository, *taken.before));
    const analysis::Listing after = TRY(listing_of(*repository, taken.snapshot));
    outcome.changes = analysis::difference(before, after);
  }
  return outcome;
}

std::map<std::string, BackupResultRecord> Backups::last_results() const {
  const std::lock_guard lock(mutex_);
  return results_;
}

}  // namespace bulkhead::supervisor
