#include "cli/repo/register.h"

#include "cli/repo/verbs.h"

namespace bulkhead::cli::repo {

void register_repo(Command& root) {
  Command& repo = root.subcommand("repo", "Repositories in restic's format");
  register_init(repo);
  register_backup(repo);
  register_snapshots(repo);
  register_ls(repo);
  register_restore(repo);
  register_check(repo);
  register_forget(repo);
  register_prune(repo);
  register_repair(repo);
  register_parity(repo);
  register_mount(repo);
}

}  // namespace bulkhead::cli::repo
