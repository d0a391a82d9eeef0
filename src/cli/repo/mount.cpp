#include "repository/mount/mount.h"

#include <fmt/format.h>

#include "cli/repo/selection.h"
#include "cli/repo/session.h"
#include "cli/repo/verbs.h"
#include "json/value.h"
#include "repository/lock.h"

namespace bulkhead::cli::repo {
namespace {

struct Options {
  SessionOptions session;
  SelectionOptions selection;
  std::string mountpoint;
  std::vector<std::string> path_templates;
  std::string time_template;
  std::uint64_t cache_mib = 64;
  bool allow_other = false;
  bool owner_root = false;
  bool no_default_permissions = false;
};

Result<int> mount(const Options& options) {
  repository::MountOptions settings{.mountpoint = options.mountpoint,
                                    .filter = filter_of(options.selection)};
  if (!options.path_templates.empty()) settings.layout.path_templates = options.path_templates;
  if (!options.time_template.empty()) settings.layout.time_template = options.time_template;
  TRY(repository::require_usable(settings.layout));
  // The mount ends by itself when it is told to, and gives the lock back.
  auto repository = open_session(options.session);
  if (!repository) {
    return report_failure(options.session, repository.error(), exit_status_of(repository.error()));
  }
  std::unique_ptr<repository::Lock> lock;
  if (!options.session.no_lock) {
    auto taken = repository::Lock::shared(**repository);
    if (!taken && taken.error().kind() == ErrorKind::conflict) {
      return report_failure(options.session, taken.error(), kExitLocked);
    }
    lock = TRY(std::move(taken));
  }
  settings.allow_other = options.allow_other;
  settings.owner_root = options.owner_root;
  // restic's rule: without --allow-other nobody else gets in anyhow.
  settings.check_permissions = options.allow_other && !options.no_default_permissions;
  settings.cache_bytes = options.cache_mib << 20;
  settings.mounted = [&] {
    if (options.session.quiet) return;
    const std::string& folder = options.mountpoint;
    const json::Object object{{"message_type", "mounted"}, {"mountpoint", folder}};
    if (options.session.json) fmt::print("{}\n", json::write(object));
    else fmt::print("The snapshots are at {}. End with Ctrl-C, or umount it.\n", folder);
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
      .option(
          "--path-template", options->path_templates,
          "where snapshots stand, such as hosts/%h/%T: %i id, %T time, %h host, %u user, %t tag")
      .option("--time-template", options->time_template,
              "how %T looks: 2006-01-02 15:04:05 as it is to be written")
      .flag("--allow-other", options->allow_other, "let other users look, too")
      .flag("--no-default-permissions", options->no_default_permissions,
            "with --allow-other: whatever the modes in the snapshot say")
      .flag("--owner-root", options->owner_root, "show root as the owner of everything");
  command.on_run([options] { return mount(*options); });
}

}  // namespace bulkhead::cli::repo
