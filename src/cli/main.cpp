#include <malloc.h>

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

namespace {

// Large buffers go back to the system when they are given back. Left alone, glibc keeps up to
// 64 MiB once a block as large as scrypt's was freed.
void give_memory_back() {
  constexpr int kLarge = 1 << 20;
  ::mallopt(M_MMAP_THRESHOLD, kLarge);
  ::mallopt(M_TRIM_THRESHOLD, kLarge);
}

}  // namespace

int main(int argc, char** argv) {
  give_memory_back();
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
