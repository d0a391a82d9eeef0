#include "repository/unlock.h"

#include <fmt/format.h>

#include "cli/repo/output.h"
#include "cli/repo/session.h"
#include "cli/repo/verbs.h"
#include "json/value.h"

namespace bulkhead::cli::repo {
namespace {

struct Options {
  SessionOptions session;
  bool all = false;
};

std::string describe(const repository::LockFile& lock) {
  if (!lock.info) return fmt::format("lock {}, which cannot be read", lock.name.substr(0, 8));
  return fmt::format("lock {} of process {} of {} on {} since {}", lock.name.substr(0, 8),
                     lock.info->pid, show_name(lock.info->username), show_name(lock.info->hostname),
                     show_time(lock.info->time));
}

Result<int> unlock(const Options& options, Session& session) {
  const auto removed = TRY(
      repository::remove_locks(session.repository, options.all ? repository::LocksToRemove::all
                                                               : repository::LocksToRemove::stale));
  if (options.session.json) {
    json::Array names;
    for (const repository::LockFile& lock : removed) names.emplace_back(lock.name);
    TRY(print_output(
        json::write(json::Object{{"message_type", "summary"}, {"removed", std::move(names)}}) +
        "\n"));
  } else if (!options.session.quiet) {
    for (const repository::LockFile& lock : removed) {
      TRY(print_output("removed " + describe(lock) + "\n"));
    }
    TRY(print_output(fmt::format("removed {} locks\n", removed.size())));
  }
  return kExitSuccess;
}

}  // namespace

void register_unlock(Command& repo) {
  auto options = std::make_shared<Options>();
  Command& command = repo.subcommand("unlock", "Remove locks that nobody holds any more");
  add_session_options(command, options->session);
  command.flag("--remove-all", options->all, "also those of processes that are at work");
  command.on_run([options] {
    return with_repository(options->session, Locking::none,
                           [&](Session& session) { return unlock(*options, session); });
  });
}

}  // namespace bulkhead::cli::repo
