// The drill's own look into the vault: it opens the repository itself and believes nothing that
// bulkheadd says about it.
#include <set>

#include <fmt/format.h>

#include "base/text.h"
#include "cli/drill/attacker/implant.h"
#include "cli/drill/rehearsal.h"
#include "repository/verify.h"
#include "repository/walk.h"
#include "supervisor/backup/dataset_snapshots.h"
#include "supervisor/backup/vault_connection.h"
#include "supervisor/estate/layout.h"

namespace bulkhead::cli::drill {
namespace {

constexpr std::string_view kWebsite = "website";
constexpr std::uint64_t kAttackReportSizeMax = 1 << 20;

std::string text_of(const json::Value& value) { return value.string() ? *value.string() : ""; }

Result<json::Value> website_of(const json::Value& incident) {
  const json::Array* services = incident["services"].array();
  for (const json::Value& service : services != nullptr ? *services : json::Array()) {
    if (text_of(service["name"]) == kWebsite) return service;
  }
  return fail(ErrorKind::not_found, "the incident does not hold the website");
}

Result<std::unique_ptr<repository::Repository>> open_vault(const supervisor::Estate& estate) {
  return supervisor::connect_to_vault(estate.vault, supervisor::Layout(estate.folder))();
}

// What the website itself writes when it starts, and the copies that took their databases' place.
bool is_written_by_the_service(const std::string& path) {
  return path.starts_with(".quiesced") || path.find(".sqlite") != std::string::npos ||
         path.find("index/") != std::string::npos || path.find("search/") != std::string::npos;
}

}  // namespace

Result<void> Rehearsal::compare_website_with_its_snapshot() {
  const json::Value record = TRY(incident());
  const json::Value website = TRY(website_of(record));
  const std::string id = text_of(website["snapshot"]);
  const std::unique_ptr<repository::Repository> repository = TRY(open_vault(stage_.estate()));
  const repository::Snapshot snapshot = TRY(repository->find_snapshot(id));
  repository::VerifyOptions options;
  options.target = stage_.current_dataset();
  options.metadata = false;
  options.unexpected = false;
  const repository::VerifyReport report = TRY(repository::verify(*repository, snapshot, options));
  std::uint64_t different = 0;
  std::string first;
  std::set<std::string> not_recovered;
  for (const repository::VerifyMismatch& mismatch : report.mismatches) {
    if (is_written_by_the_service(mismatch.path)) continue;
    not_recovered.insert(mismatch.path);
    if (different++ == 0) {
      first = mismatch.path + " " + std::string(repository::name_of(mismatch.mismatch));
    }
  }
  check("Every file of the website is that of the last clean snapshot",
        different == 0 && report.files_checked > 0,
        different == 0 ? fmt::format("{} files of snapshot {}, byte for byte", report.files_checked,
                                     id.substr(0, 8))
                       : fmt::format("{} differ; first {}", different, first));
  const repository::Snapshot evidence = TRY_CONTEXT(
      repository->find_snapshot(text_of(website["evidence"])), "the website's evidence");
  const analysis::ListingDifference damage =
      analysis::difference(TRY(supervisor::listing_of(*repository, snapshot)),
                           TRY(supervisor::listing_of(*repository, evidence)));
  std::size_t damaged = 0;
  std::size_t recovered = 0;
  for (const std::vector<std::string>* paths : {&damage.changed, &damage.removed}) {
    for (const std::string& path : *paths) {
      if (is_written_by_the_service(path)) continue;
      ++damaged;
      if (!not_recovered.contains(path)) ++recovered;
    }
  }
  check("What the attacker damaged was recovered", damaged > 0 && damaged == recovered,
        fmt::format("{} files damaged, {} recovered", damaged, recovered));
  return {};
}

Result<void> Rehearsal::read_attack_report() {
  const json::Value record = TRY(incident());
  const json::Value website = TRY(website_of(record));
  const std::string id = text_of(website["evidence"]);
  const std::unique_ptr<repository::Repository> repository = TRY(open_vault(stage_.estate()));
  const repository::Snapshot evidence =
      TRY_CONTEXT(repository->find_snapshot(id), "the website's evidence");
  const repository::Node node =
      TRY(repository::find_node(*repository, evidence.tree, attacker::kReportName));
  const Bytes content = TRY(repository::load_content(*repository, node, kAttackReportSizeMax));
  const json::Value attack = TRY_CONTEXT(json::parse(as_text(content)), "the attacker's report");
  const json::Array* attempts = attack["attempts"].array();
  std::size_t tried = 0;
  std::string escaped;
  for (const json::Value& attempt : attempts != nullptr ? *attempts : json::Array()) {
    ++tried;
    const bool* succeeded = attempt["succeeded"].boolean();
    if (succeeded == nullptr || *succeeded) escaped = text_of(attempt["where"]);
  }
  report_.escapes_tried = static_cast<std::int64_t>(tried);
  const auto damaged = website["files_damaged"].to_i64("files_damaged");
  report_.files_encrypted = std::max(
      attack["files_encrypted"].to_i64("files_encrypted").value_or(0), damaged.value_or(0));
  check("The attacker's evidence is kept, and no way out of the compartment was open",
        tried > 0 && escaped.empty(),
        escaped.empty()
            ? fmt::format("{} attempts, all refused, kept in snapshot {}", tried, id.substr(0, 8))
            : "it reached " + escaped);
  return {};
}

}  // namespace bulkhead::cli::drill
