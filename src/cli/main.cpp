#include "base/log.h"
#include "cli/backup/register.h"
#include "cli/command.h"
#include "cli/drill/register.h"
#include "cli/estate/register.h"
#include "cli/exposure/register.h"
#include "cli/incident/register.h"
#include "cli/ledger/register.h"
#include "cli/pass/register.h"
#include "cli/repo/register.h"
#include "cli/vault/register.h"

int main(int argc, char** argv) {
  bulkhead::log::start("bulkhead", bulkhead::log::Level::warning);
  bulkhead::cli::Command root("bulkhead", "");
  bulkhead::cli::estate::register_estate(root);
  bulkhead::cli::exposure::register_exposure(root);
  bulkhead::cli::pass::register_pass(root);
  bulkhead::cli::backup::register_service_backup(root);
  bulkhead::cli::incident::register_incident(root);
  bulkhead::cli::drill::register_drill(root);
  bulkhead::cli::ledger::register_ledger(root);
  bulkhead::cli::repo::register_repo(root);
  bulkhead::cli::vault::register_vault(root);
  return bulkhead::cli::run_command_line(root, "bulkhead 0.1.0", argc, argv);
}
