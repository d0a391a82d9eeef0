#include "cli/repo/register.h"

#include "cli/repo/session.h"
#include "cli/repo/verbs.h"

namespace bulkhead::cli::repo {

void register_repo(Command& root) {
  Command& repo = root.subcommand("repo", "Repositories in restic's format");
  auto in_front_of_verbs = std::make_shared<SessionOptions>();
  add_session_options(repo, *in_front_of_verbs);
  repo.hand_options_to_verbs(in_front_of_verbs);
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
  register_find(repo);
  register_diff(repo);
  register_dump(repo);
  register_stats(repo);
  register_tag(repo);
  register_rewrite(repo);
  register_copy(repo);
  register_key(repo);
  register_list(repo);
  register_cat(repo);
  register_cache(repo);
  register_unlock(repo);
}

}  // namespace bulkhead::cli::repo
