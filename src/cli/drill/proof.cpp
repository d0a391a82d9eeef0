// The drill's own look into the vault and the ledger: it opens the repository and reads the record
// itself, and believes nothing that bulkheadd says about them.
#include <algorithm>
#include <set>
#include <thread>

#include <fmt/format.h>

#include "base/text.h"
#include "cli/drill/attacker/implant.h"
#include "cli/drill/escapes.h"
#include "cli/drill/rehearsal.h"
#include "cli/ledger/verified.h"
#include "repository/verify.h"
#include "repository/walk.h"
#include "supervisor/backup/damage.h"
#include "supervisor/backup/vault_connection.h"
#include "supervisor/estate/layout.h"

namespace bulkhead::cli::drill {
namespace {

constexpr std::string_view kWebsite = "website";
constexpr std::uint64_t kAttackReportSizeMax = 1 << 20;
constexpr std::chrono::seconds kRecordTimeMax{20};
constexpr std::chrono::milliseconds kRecordLookPeriod{200};

Result<json::Value> service_of(const json::Value& incident, std::string_view name) {
  const json::Array* services = incident["services"].array();
  for (const json::Value& service : services != nullptr ? *services : json::Array()) {
    if (text_of(service["name"]) == name) return service;
  }
  return fail(ErrorKind::not_found, "the incident does not hold " + std::string(name));
}

Result<std::unique_ptr<repository::Repository>> open_vault(const supervisor::Estate& estate) {
  return supervisor::connect_to_vault(estate.vault, supervisor::Layout(estate.folder))({});
}

// What the website itself writes when it starts, and the copies that took their databases' place.
bool is_written_by_the_service(const std::string& path) {
  if (path.find(".sqlite") != std::string::npos) return true;
  // By whole names: a page about "document-search" is the editors'.
  return std::ranges::any_of(Path(path), [](const Path& part) {
    return part == ".quiesced" || part == "index" || part == "search";
  });
}

// What the ledger says of an incident: the messages of its events.
struct Recorded {
  cli::ledger::VerifiedLedger ledger;
  std::multiset<std::string> messages;
};

Result<Recorded> read_record(const Path& estate, const std::string& incident) {
  cli::ledger::SourceOptions from;
  from.estate = estate.native();
  const cli::ledger::Source source = TRY(cli::ledger::Source::open(from));
  Recorded out;
  cli::ledger::VerifyOptions options;
  options.on_event = [&](const bulkhead::ledger::Event& event) {
    const json::Value details(event.details);
    if (event.actor != "supervisor" || text_of(details["incident"]) != incident) return;
    out.messages.insert(text_of(details["message"]));
  };
  out.ledger = TRY(cli::ledger::verify_source(source, options));
  return out;
}

std::string describe(const cli::ledger::VerifiedLedger& verified) {
  if (verified.report.bad) return verified.report.bad->describe();
  const std::string seen = verified.witnessed
                               ? fmt::format("the first {} cosigned by {}",
                                             verified.witnessed->size, verified.witnessed->by)
                               : "none of them cosigned: " + verified.witness_problem;
  return fmt::format("{} events, all as they were signed; {}", verified.report.checkpoint.size,
                     seen);
}

}  // namespace

// The incident is closed: all of it must be in the ledger, unchanged, and seen by the vault, which
// is asked itself. It cosigns some seconds later than things happen.
Result<void> Rehearsal::prove_record() {
  const json::Value record = TRY(incident());
  const json::Array* timeline = record["timeline"].array();
  const Path folder = stage_.estate().folder;
  const auto until = std::chrono::steady_clock::now() + kRecordTimeMax;
  std::optional<std::uint64_t> wanted;  // events, of which the incident's last is one
  Recorded recorded;
  std::size_t missing = 0;
  bool is_witnessed = false;
  for (;; std::this_thread::sleep_for(kRecordLookPeriod)) {
    recorded = TRY_CONTEXT(read_record(folder, incident_), "reading the ledger");
    std::multiset<std::string> unseen = recorded.messages;
    missing = 0;
    for (const json::Value& step : timeline != nullptr ? *timeline : json::Array()) {
      const auto found = unseen.find(text_of(step["message"]));
      if (found == unseen.end()) ++missing;
      else unseen.erase(found);
    }
    if (missing == 0 && !wanted) wanted = recorded.ledger.report.checkpoint.size;
    const auto& witnessed = recorded.ledger.witnessed;
    is_witnessed = wanted && witnessed && witnessed->was_asked && witnessed->size >= *wanted;
    if (recorded.ledger.report.bad || is_witnessed) break;
    if (std::chrono::steady_clock::now() >= until) break;
  }
  const std::size_t steps = timeline != nullptr ? timeline->size() : 0;
  check("The ledger holds every step of the incident", steps > 0 && missing == 0,
        fmt::format("{} of {} steps", steps - missing, steps));
  check("The ledger is as it was signed, and the vault has seen it",
        !recorded.ledger.report.bad && is_witnessed, describe(recorded.ledger));
  return {};
}

Result<void> Rehearsal::prove_recovery() {
  const std::unique_ptr<repository::Repository> repository = TRY(open_vault(stage_.estate()));
  for (DrillService& service : report_.services) {
    TRY_CONTEXT(compare_with_snapshot(*repository, service), service.name);
  }
  return {};
}

// Counts from the vault and the dataset in use, by the count that the incident's record uses.
Result<void> Rehearsal::compare_with_snapshot(repository::Repository& repository,
                                              DrillService& service) {
  const json::Value record = TRY(incident());
  const json::Value affected = TRY(service_of(record, service.name));
  const repository::Snapshot snapshot = TRY_CONTEXT(
      repository.find_snapshot(text_of(affected["snapshot"])), "the snapshot it came back from");
  const repository::Snapshot evidence =
      TRY_CONTEXT(repository.find_snapshot(text_of(affected["evidence"])), "its evidence");
  repository::VerifyOptions options;
  options.target = stage_.current_dataset(service.name);
  options.metadata = false;
  options.unexpected = false;
  repository::VerifyReport report = TRY(repository::verify(repository, snapshot, options));
  std::erase_if(report.mismatches, [](const repository::VerifyMismatch& mismatch) {
    return is_written_by_the_service(mismatch.path);
  });
  supervisor::Damage damage = TRY(supervisor::damage_between(repository, snapshot, evidence));
  std::erase_if(damage.files, is_written_by_the_service);
  service.files_damaged = static_cast<std::int64_t>(damage.files.size());
  service.files_recovered = static_cast<std::int64_t>(supervisor::count_recovered(damage, report));
  check(fmt::format("Every file of {} is that of the last clean snapshot", service.name),
        report.mismatches.empty() && report.files_checked > 0,
        report.mismatches.empty()
            ? fmt::format("{} files of snapshot {}, byte for byte", report.files_checked,
                          snapshot.id.short_hex())
            : fmt::format("{} differ; first {} {}", report.mismatches.size(),
                          report.mismatches.front().path,
                          repository::name_of(report.mismatches.front().mismatch)));
  const bool is_attacked = service.name == kWebsite;
  if (is_attacked || service.files_damaged > 0) {
    check(fmt::format("What was damaged of {} was recovered", service.name),
          service.files_damaged == service.files_recovered &&
              (!is_attacked || service.files_damaged > 0),
          fmt::format("{} files damaged, {} recovered", service.files_damaged,
                      service.files_recovered));
  }
  return {};
}

Result<void> Rehearsal::read_attack_report() {
  const json::Value record = TRY(incident());
  const json::Value website = TRY(service_of(record, kWebsite));
  const std::string id = text_of(website["evidence"]);
  const std::unique_ptr<repository::Repository> repository = TRY(open_vault(stage_.estate()));
  const repository::Snapshot evidence =
      TRY_CONTEXT(repository->find_snapshot(id), "the website's evidence");
  const repository::Node node =
      TRY(repository::find_node(*repository, evidence.tree, attacker::kReportName));
  const Bytes content = TRY(repository::load_content(*repository, node, kAttackReportSizeMax));
  const json::Value attack = TRY_CONTEXT(json::parse(as_text(content)), "the attacker's report");
  const EscapeVerdict verdict = judge_escapes(attack, stage_.ways_out());
  report_.escapes_tried = static_cast<std::int64_t>(verdict.refused);
  const auto damaged = website["files_damaged"].to_i64("files_damaged");
  report_.files_encrypted = std::max(
      attack["files_encrypted"].to_i64("files_encrypted").value_or(0), damaged.value_or(0));
  check("The attacker's evidence is kept, and no way out of the compartment was open",
        verdict.open.empty(),
        verdict.open.empty() ? fmt::format("{} attempts, all refused, kept in snapshot {}",
                                           verdict.refused, id.substr(0, 8))
                             : fmt::format("{} open or not tried; first {}", verdict.open.size(),
                                           verdict.open.front()));
  return {};
}

}  // namespace bulkhead::cli::drill
