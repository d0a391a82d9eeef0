#include "repository/mount/mount.h"

#include <fmt/format.h>

#include "cli/repo/selection.h"
#include "cli/repo/session.h"
#include "cli/repo/verbs.h"
#include "repository/lock.h"

namespace bulkhead::cli::repo {
namespace {

struct Options {
  SessionOptions session;
  SelectionOptions selection;
  std::string mountpoint;
  std::uint64_t cache_mib = 64;
  bool allow_other = false;
  bool owner_root = false;
  bool no_default_permissions = false;
};

Result<int> mount(const Options& options) {
  auto repository = open_session(options.session);
  if (!repository) {
    report_error(repository.error());
    return exit_status_of(repository.error());
  }
  std::unique_ptr<repository::Lock> lock;
  if (!options.session.no_lock) lock = TRY(repository::Lock::shared(**repository));
  repository::MountOptions settings{.mountpoint = options.mountpoint,
                                    .filter = filter_of(options.selection)};
  settings.allow_other = options.allow_other;
  settings.owner_root = options.owner_root;
  // restic's rule: without --allow-other nobody else gets in anyhow.
  settings.check_permissions = options.allow_other && !options.no_default_permissions;
  settings.cache_bytes = options.cache_mib << 20;
  settings.mounted = [&] {
    if (options.session.quiet) return;
    fmt::print("The snapshots are at {}. End with Ctrl-C, or umount it.\n", options.mountpoint);
    std::fflush(stdout);
  };
  TRY(repository::mount(**repository, settings));
  return kExitSuccess;
}

}  // namespace

void register_mount(Command& repo) {
  auto options = std::make_shared<Options>();
  Command& command = repo.subcommand("mount", "Show the snapshots as folders");
  add_session_options(command, options->session);
  add_selection_options(command, options->selection);
  command.argument("FOLDER", options->mountpoint, "where", Need::required)
      .option("--cache-size", options->cache_mib, "MiB of contents kept in memory")
      .flag("--allow-other", options->allow_other, "let other users look, too")
      .flag("--no-default-permissions", options->no_default_permissions,
            "with --allow-other: whatever the modes in the snapshot say")
      .flag("--owner-root", options->owner_root, "show root as the owner of everything");
  command.on_run([options] { return mount(*options); });
}

}  // namespace bulkhead::cli::repo
