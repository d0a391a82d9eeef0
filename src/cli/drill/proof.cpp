// The drill's own look into the vault: it opens the repository itself and believes nothing that
// bulkheadd says about it.
#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "cli/drill/attacker/implant.h"
#include "cli/drill/escapes.h"
#include "cli/drill/rehearsal.h"
#include "repository/verify.h"
#include "repository/walk.h"
#include "supervisor/backup/damage.h"
#include "supervisor/backup/vault_connection.h"
#include "supervisor/estate/layout.h"

namespace bulkhead::cli::drill {
namespace {

constexpr std::string_view kWebsite = "website";
constexpr std::uint64_t kAttackReportSizeMax = 1 << 20;

Result<json::Value> service_of(const json::Value& incident, std::string_view name) {
  const json::Array* services = incident["services"].array();
  for (const json::Value& service : services != nullptr ? *services : json::Array()) {
    if (text_of(service["name"]) == name) return service;
  }
  return fail(ErrorKind::not_found, "the incident does not hold " + std::string(name));
}

Result<std::unique_ptr<repository::Repository>> open_vault(const supervisor::Estate& estate) {
  return supervisor::connect_to_vault(estate.vault, supervisor::Layout(estate.folder))();
}

// What the website itself writes when it starts, and the copies that took their databases' place.
bool is_written_by_the_service(const std::string& path) {
  if (path.find(".sqlite") != std::string::npos) return true;
  // By whole names: a page about "document-search" is the editors'.
  return std::ranges::any_of(Path(path), [](const Path& part) {
    return part == ".quiesced" || part == "index" || part == "search";
  });
}

}  // namespace

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
