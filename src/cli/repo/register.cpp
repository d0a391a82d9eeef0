#include "cli/repo/register.h"

#include "cli/repo/verbs.h"

namespace bulkhead::cli {

void register_repo(Command& root) {
  Command& repo = root.subcommand("repo", "Repositories in restic's format");
  register_init(repo);
}

}  // namespace bulkhead::cli
