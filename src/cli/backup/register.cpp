#include "cli/backup/register.h"

#include <fmt/format.h>

#include "cli/control/control.h"
#include "cli/control/job.h"

namespace bulkhead::cli::backup {
namespace {

constexpr std::chrono::hours kBackupTimeMax{24};

struct BackupVerb : control::EstateOptions {
  std::vector<std::string> services;
  bool json = false;
};

Result<int> back_up(const BackupVerb& verb) {
  const control::Control control = TRY(control::Control::open(verb));
  const json::Object body{{"services", json::Array(verb.services.begin(), verb.services.end())}};
  const json::Value job = TRY(control.post("/v1/backups", body));
  const json::Value result = TRY(control::wait_for_job(
      control, job, kBackupTimeMax, verb.json ? nullptr : control::print_progress()));
  if (verb.json) {
    fmt::print("{}\n", json::write(result, json::Layout::indented));
    return kExitSuccess;
  }
  fmt::print("{:<14} {:<10} {:>8} {:>14} {:>14}  {}\n", "service", "snapshot", "files", "bytes",
             "new bytes", "databases");
  const json::Array* backups = result["backups"].array();
  for (const json::Value& backup : backups != nullptr ? *backups : json::Array()) {
    const std::string service = TRY(backup["service"].to_string("service"));
    const std::string snapshot = TRY(backup["snapshot"].to_string("snapshot"));
    const bool* is_quiesced = backup["quiesced"].boolean();
    fmt::print("{:<14} {:<10} {:>8} {:>14} {:>14}  {}\n", service, snapshot.substr(0, 8),
               backup["files"].to_u64("files").value_or(0),
               backup["bytes"].to_u64("bytes").value_or(0),
               backup["bytes_added"].to_u64("bytes_added").value_or(0),
               is_quiesced != nullptr && *is_quiesced ? "quiesced" : "none");
    if (const json::Array* found = backup["indicators"].array(); found && !found->empty()) {
      fmt::print("  {} indicator(s): see bulkhead incident show\n", found->size());
    }
  }
  return kExitSuccess;
}

}  // namespace

void register_service_backup(Command& root) {
  auto verb = std::make_shared<BackupVerb>();
  Command& backup = root.subcommand("backup", "Back services up to the vault now");
  control::add_estate_option(backup, *verb);
  backup.arguments("SERVICE", verb->services, "Names, or group:NAME; none: all", Need::optional)
      .flag("--json", verb->json, "As the control API answers it")
      .on_run([verb] { return back_up(*verb); });
}

}  // namespace bulkhead::cli::backup
