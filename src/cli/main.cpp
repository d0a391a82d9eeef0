#include "base/log.h"
#include "cli/backup/register.h"
#include "cli/command.h"
#include "cli/drill/register.h"
#include "cli/estate/register.h"
#include "cli/exposure/register.h"
#include "cli/incident/register.h"
#include "cli/pass/register.h"
#include "cli/repo/register.h"

int main(int argc, char** argv) {
  bulkhead::log::start("bulkhead", bulkhead::log::Level::warning);
  bulkhead::cli::Command root("bulkhead", "");
  bulkhead::cli::register_estate(root);
  bulkhead::cli::register_exposure(root);
  bulkhead::cli::register_pass(root);
  bulkhead::cli::register_service_backup(root);
  bulkhead::cli::register_incident(root);
  bulkhead::cli::register_drill(root);
  bulkhead::cli::register_repo(root);
  return bulkhead::cli::run_command_line(root, "bulkhead 0.1.0", argc, argv);
}
