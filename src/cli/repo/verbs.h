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
void register_find(Command& repo);
void register_diff(Command& repo);
void register_dump(Command& repo);
void register_stats(Command& repo);
void register_tag(Command& repo);
void register_rewrite(Command& repo);
void register_copy(Command& repo);
void register_key(Command& repo);
void register_list(Command& repo);
void register_cache(Command& repo);
void register_cat(Command& repo);
void register_unlock(Command& repo);

}  // namespace bulkhead::cli::repo
