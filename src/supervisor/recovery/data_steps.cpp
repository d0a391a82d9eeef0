#include "supervisor/recovery/data_steps.h"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include "analysis/clean_point.h"
#include "base/text.h"
#include "repository/restore.h"
#include "repository/verify.h"
#include "supervisor/backup/damage.h"
#include "supervisor/backup/dataset_snapshots.h"
#include "supervisor/recovery/quiesced_copies.h"

namespace bulkhead::supervisor {
namespace {

constexpr std::string_view kPartialSuffix = ".partial";

Result<const AffectedService*> affected(const Incident& incident, const std::string& service) {
  const AffectedService* found = incident.find(service);
  if (found == nullptr) {
    return fail(ErrorKind::not_found, "incident " + incident.id + " does not hold " + service);
  }
  return found;
}

std::string short_id(const std::string& id) { return id.substr(0, 8); }

// "g1", "g2" … and their unfinished restores; the next number that nothing has yet.
Result<std::string> next_generation(const Path& dataset) {
  std::uint64_t last = 0;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(dataset, error)) {
    const std::string name = entry.path().filename().string();
    last = std::max(last, generation_number(name));
  }
  if (error) return fail_errno(error.value(), "reading " + dataset.string());
  return fmt::format("g{}", last + 1);
}

// All that was written to the file system of `folder`: a restored dataset must outlast a loss of
// power before anything says that it is there. One call, rather than one fsync a file.
Result<void> sync_file_system(const Path& folder) {
  const FileDescriptor opened = TRY(open_file(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  if (::syncfs(opened.get()) != 0) return fail_errno(errno, "syncing " + folder.string());
  return {};
}

// What stands in the way of the evidence being whole, as a clause for the timeline.
std::string shortcomings_of(const EvidenceOutcome& evidence) {
  std::string text;
  if (!evidence.made_readable.empty()) {
    text += fmt::format("; made readable again: {}", fmt::join(evidence.made_readable, ", "));
  }
  if (!evidence.unreadable.empty()) {
    text += fmt::format("; could not be read and is not in it: {}",
                        fmt::join(evidence.unreadable, ", "));
  }
  constexpr std::size_t kShownMax = 1'000;
  if (text.size() > kShownMax) text = text.substr(0, kShownMax) + " …";
  return text;
}

json::Array first_of(const std::vector<std::string>& paths) {
  constexpr std::size_t kShownMax = 20;
  json::Array shown;
  for (std::size_t i = 0; i < std::min(paths.size(), kShownMax); ++i) shown.emplace_back(paths[i]);
  return shown;
}

}  // namespace

Result<void> DataSteps::keep_processes(const Incident& incident, const std::string& service) {
  const Path folder = desk_.folder_of(incident.id) / "evidence" / service;
  TRY(make_directories(folder, 0700));
  const json::Value processes = TRY(supervisor_.process_evidence(service));
  const std::string text = json::write(processes, json::Layout::indented) + "\n";
  return write_file_atomic(folder / "processes.json", as_bytes(text), 0600);
}

Result<StepOutcome> DataSteps::preserve(const Incident& incident, const std::string& service,
                                        Cancel cancel) {
  const ServiceStatus status = TRY(supervisor_.service(service));
  StepOutcome outcome;
  bool has_processes = false;
  if (status.state != ServiceState::stopped && status.state != ServiceState::waiting) {
    if (status.state != ServiceState::frozen) TRY(supervisor_.freeze(service));
    TRY_CONTEXT(keep_processes(incident, service), "keeping the processes of " + service);
    has_processes = true;
  }
  const EvidenceOutcome evidence = TRY(backups_.preserve(service, incident.id, &cancel));
  for (const analysis::Indicator& indicator : evidence.indicators) desk_.report(indicator);

  // A compartment that an attacker was in ends here. The others stay frozen until they are
  // replaced.
  const AffectedService* before = TRY(affected(incident, service));
  const bool is_attacked = !before->current_indicators().empty() || !evidence.indicators.empty();
  if (is_attacked && has_processes) TRY(supervisor_.stop(service));

  const std::string id = evidence.snapshot.id.to_hex();
  outcome.message = fmt::format(
      "Evidence of {} is kept in snapshot {}{}: {} files changed, {} removed, {} added since the "
      "last backup{}{}",
      service, short_id(id), has_processes ? ", its processes in evidence/" : "",
      evidence.changes.changed.size(), evidence.changes.removed.size(),
      evidence.changes.added.size(), is_attacked ? "; its compartment was ended" : "",
      shortcomings_of(evidence));
  outcome.facts = {{"snapshot", id},
                   {"processes", has_processes},
                   {"files_changed", static_cast<std::uint64_t>(evidence.changes.changed.size())},
                   {"files_removed", static_cast<std::uint64_t>(evidence.changes.removed.size())},
                   {"files_added", static_cast<std::uint64_t>(evidence.changes.added.size())},
                   {"files_unreadable", static_cast<std::uint64_t>(evidence.unreadable.size())},
                   {"unreadable", first_of(evidence.unreadable)},
                   {"made_readable", first_of(evidence.made_readable)},
                   {"changed", first_of(evidence.changes.changed)},
                   {"added", first_of(evidence.changes.added)}};
  return outcome;
}

Result<StepOutcome> DataSteps::choose(const Incident& incident, const std::string& service) {
  const AffectedService* record = TRY(affected(incident, service));
  const std::shared_ptr<repository::Repository> repository = TRY(vault_.open());
  const std::vector<repository::Snapshot> snapshots = TRY(snapshots_of(*repository, service));
  std::vector<analysis::SnapshotPoint> points;
  std::optional<repository::Snapshot> evidence;
  for (const repository::Snapshot& snapshot : snapshots) {
    const bool is_evidence = has_tag(snapshot, kEvidenceTag);
    if (is_evidence && snapshot.id.to_hex() != record->fact(Step::preserve, "snapshot")) continue;
    if (is_evidence) evidence = snapshot;
    const WallTime complete = complete_at(snapshot);
    if (desk_.is_tainted(service, snapshot.time, complete)) continue;
    // Nothing comes back from evidence that lacks files.
    if (is_evidence && record->number(Step::preserve, "files_unreadable").value_or(0) > 0) continue;
    points.push_back({.id = snapshot.id.to_hex(),
                      .time = snapshot.time,
                      .is_evidence = is_evidence,
                      .complete = complete});
  }
  const std::vector<analysis::Indicator> indicators = record->current_indicators();
  const auto point = analysis::choose_clean_point(points, indicators);
  if (!point) {
    return fail(ErrorKind::not_found,
                fmt::format("{} has no clean snapshot: each of the {} in the vault is from after "
                            "its first indicator. Look for an older copy with: bulkhead repo "
                            "snapshots --tag {}",
                            service, points.size(), service_tag(service)));
  }
  const repository::Snapshot chosen = TRY(repository->find_snapshot(point->snapshot.id));
  Damage damage;
  if (evidence) damage = TRY(damage_between(*repository, chosen, *evidence));
  StepOutcome outcome;
  outcome.message = fmt::format(
      "{} comes back from snapshot {} of {}: {}. {} of its files were "
      "damaged, {} newer ones are left behind",
      service, short_id(point->snapshot.id), to_rfc3339_milliseconds(point->snapshot.time),
      point->reason, damage.files.size(), damage.left_behind);
  outcome.facts = {{"snapshot", point->snapshot.id},
                   {"time", to_rfc3339(point->snapshot.time)},
                   {"evidence", point->snapshot.is_evidence},
                   {"quiesced", has_tag(chosen, kQuiescedTag)},
                   {"passed_over", static_cast<std::uint64_t>(point->passed_over.size())},
                   {"files_damaged", static_cast<std::uint64_t>(damage.files.size())},
                   {"files_left_behind", static_cast<std::uint64_t>(damage.left_behind)}};
  return outcome;
}

Result<repository::Snapshot> DataSteps::chosen_snapshot(repository::Repository& repository,
                                                        const AffectedService& service) {
  return TRY_CONTEXT(repository.find_snapshot(service.fact(Step::choose, "snapshot")),
                     "the chosen snapshot of " + service.name);
}

Result<StepOutcome> DataSteps::restore(const Incident& incident, const std::string& service,
                                       Cancel cancel) {
  const AffectedService* record = TRY(affected(incident, service));
  const std::shared_ptr<repository::Repository> repository = TRY(vault_.open());
  const repository::Snapshot snapshot = TRY(chosen_snapshot(*repository, *record));
  const Layout& layout = supervisor_.layout();
  const std::string generation = TRY(next_generation(layout.dataset(service)));
  const Path target = layout.generation(service, generation);
  Path partial = target;
  partial += kPartialSuffix;
  TRY(remove_tree(partial));  // of an interrupted restore: nothing has ever run on it

  repository::RestoreOptions options;
  options.target = partial;
  options.cancel = &cancel;
  const repository::RestoreReport report =
      TRY_CONTEXT(repository::restore(*repository, snapshot, options), "restoring " + service);
  if (!report.errors.empty()) {
    return std::unexpected(report.errors.front().error.with_context(
        fmt::format("restoring {}: {} of {} files; first {}", service, report.errors.size(),
                    report.files, report.errors.front().path)));
  }
  TRY(sync_file_system(partial));
  if (rename(partial.c_str(), target.c_str()) != 0) {
    return fail_errno(errno, "renaming " + partial.string());
  }
  TRY(sync_directory(target.parent_path()));
  StepOutcome outcome;
  outcome.message = fmt::format(
      "{} files ({} bytes) of {} are restored to {}, beside the damaged "
      "ones",
      report.files, report.bytes, service, generation);
  outcome.facts = {{"generation", generation},
                   {"files", report.files},
                   {"bytes", report.bytes},
                   {"snapshot", snapshot.id.to_hex()}};
  return outcome;
}

Result<StepOutcome> DataSteps::verify(const Incident& incident, const std::string& service,
                                      Cancel cancel) {
  const AffectedService* record = TRY(affected(incident, service));
  const std::shared_ptr<repository::Repository> repository = TRY(vault_.open());
  const repository::Snapshot snapshot = TRY(chosen_snapshot(*repository, *record));
  repository::VerifyOptions options;
  options.target =
      supervisor_.layout().generation(service, record->fact(Step::restore, "generation"));
  options.cancel = &cancel;
  const repository::VerifyReport report =
      TRY_CONTEXT(repository::verify(*repository, snapshot, options), "verifying " + service);
  if (!report.mismatches.empty()) {
    const repository::VerifyMismatch& first = report.mismatches.front();
    return fail(ErrorKind::corrupt,
                fmt::format("{} files of {} differ from snapshot {}; first {}: {} {}. Run the "
                            "recovery again: it restores into a new generation",
                            report.mismatches.size(), service, snapshot.id.short_hex(), first.path,
                            repository::name_of(first.mismatch), first.detail));
  }
  Damage damage;
  if (const std::string evidence = record->fact(Step::preserve, "snapshot"); !evidence.empty()) {
    const repository::Snapshot damaged =
        TRY_CONTEXT(repository->find_snapshot(evidence), "the evidence of " + service);
    damage = TRY(damage_between(*repository, snapshot, damaged));
  }
  StepOutcome outcome;
  outcome.message =
      fmt::format("{} files ({} bytes) of {} are, byte for byte, those of snapshot {}",
                  report.files_checked, report.bytes_checked, service, snapshot.id.short_hex());
  outcome.facts = {{"files_checked", report.files_checked},
                   {"bytes_checked", report.bytes_checked},
                   {"files_recovered", count_recovered(damage, report)}};
  return outcome;
}

Result<StepOutcome> DataSteps::recheck(const Incident& incident, const std::string& service,
                                       Cancel cancel) {
  const EvidenceOutcome evidence = TRY(backups_.preserve(service, incident.id, &cancel));
  if (!evidence.indicators.empty()) {
    for (const analysis::Indicator& indicator : evidence.indicators) desk_.report(indicator);
    return fail(ErrorKind::conflict,
                fmt::format("{} has a new indicator since it was restored: {}. Run the recovery "
                            "again: it goes back to the last clean snapshot",
                            service, evidence.indicators.front().explanation));
  }
  // The compartment was frozen, not ended: the checks that follow ask the service itself.
  const ServiceStatus status = TRY(supervisor_.service(service));
  if (status.state == ServiceState::frozen) TRY(supervisor_.thaw(service));
  if (status.state == ServiceState::stopped) TRY(supervisor_.start(service));
  StepOutcome outcome;
  outcome.message = fmt::format(
      "{} was looked at again (snapshot {}): {} files changed since the "
      "last backup, none with an indicator{}",
      service, evidence.snapshot.id.short_hex(), evidence.changes.changed.size(),
      shortcomings_of(evidence));
  outcome.facts = {{"snapshot", evidence.snapshot.id.to_hex()},
                   {"files_changed", static_cast<std::uint64_t>(evidence.changes.changed.size())}};
  return outcome;
}

Result<std::size_t> DataSteps::settle_databases(const Incident& incident,
                                                const std::string& service) {
  const AffectedService* record = TRY(affected(incident, service));
  const auto chosen = record->facts.find(Step::choose);
  const json::Value facts = chosen == record->facts.end() ? json::Object() : chosen->second;
  const bool* is_quiesced = facts["quiesced"].boolean();
  // Evidence is of one frozen moment: its databases are whole, and .quiesced/ is older than they.
  if (is_quiesced == nullptr || !*is_quiesced) return std::size_t{0};

  const Path root =
      supervisor_.layout().generation(service, record->fact(Step::restore, "generation"));
  const std::size_t settled = TRY(settle_quiesced_copies(root));
  TRY(sync_file_system(root));
  return settled;
}

}  // namespace bulkhead::supervisor
