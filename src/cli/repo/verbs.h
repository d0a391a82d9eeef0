// One function for each verb of `bulkhead repo`.
#pragma once

#include "cli/command.h"

namespace bulkhead::cli::repo {

void register_init(Command& repo);
void register_backup(Command& repo);
void register_snapshots(Command& repo);
void register_ls(Command& repo);
void register_restore(Command& repo);
void register_check(Command& repo);
void register_forget(Command& repo);
void register_prune(Command& repo);
void register_repair(Command& repo);
void register_parity(Command& repo);
void register_mount(Command& repo);

}  // namespace bulkhead::cli::repo
