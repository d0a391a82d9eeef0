#include <fmt/format.h>

#include "cli/repo/node_output.h"
#include "cli/repo/output.h"
#include "cli/repo/selection.h"
#include "cli/repo/session.h"
#include "cli/repo/snapshot_output.h"
#include "cli/repo/verbs.h"
#include "repository/walk.h"

namespace bulkhead::cli::repo {
namespace {

using repository::WalkEntry;
using repository::WalkStep;

struct Options {
  SessionOptions session;
  SnapshotChoice snapshot;
  std::vector<std::string> folders;
  bool recursive = false;
  bool detailed = false;
  bool human_readable = false;
};

// `path` is `folder` or below it.
bool within(const std::string& path, const std::string& folder) {
  return folder == "/" ||
         (path.starts_with(folder) && (path.size() == folder.size() || path[folder.size()] == '/'));
}

// Each with one '/' in front and none behind.
std::vector<std::string> normal_forms(const std::vector<std::string>& given) {
  std::vector<std::string> out;
  for (std::string folder : given) {
    while (folder.ends_with('/')) folder.pop_back();
    if (!folder.starts_with('/')) folder.insert(0, 1, '/');
    out.push_back(std::move(folder));
  }
  return out;
}

struct Listed {
  bool shown = false;
  WalkStep step = WalkStep::go_on;
};

// As restic lists: a folder that is asked for, and what lies directly in it; all below where
// recursive, or where no folder is asked for.
Listed judge(const WalkEntry& entry, const std::vector<std::string>& folders, bool recursive) {
  if (folders.empty()) return {.shown = true};
  const std::string path = "/" + entry.path;
  Listed listed{.shown = false, .step = WalkStep::skip_subtree};
  for (const std::string& folder : folders) {
    if (within(folder, path)) listed.step = WalkStep::go_on;
    if (!within(path, folder)) continue;
    listed.shown = true;
    if (recursive) listed.step = WalkStep::go_on;
  }
  return listed;
}

Result<void> print_entry(const WalkEntry& entry, const Options& options) {
  const std::string path = "/" + entry.path;
  if (!options.session.json) {
    return print_output(describe(entry.node, path, options.detailed, options.human_readable) +
                        "\n");
  }
  json::Object object = to_json(entry.node, path);
  object.set("message_type", "node");
  object.set("struct_type", "node");
  return print_output(json::write(object) + "\n");
}

Result<int> ls(const Options& options, Session& session) {
  const auto [snapshot, subfolder] = TRY(find_snapshot(session.repository, options.snapshot));
  TRY(session.repository.load_index());
  std::vector<std::string> folders = normal_forms(options.folders);
  if (!subfolder.empty()) folders.push_back(normal_forms({subfolder})[0]);
  for (const std::string& folder : folders) {
    if (folder != "/") TRY(find_node(session.repository, snapshot.tree, folder));
  }
  if (options.session.json) {
    json::Object object = TRY(to_json(snapshot));
    object.set("message_type", "snapshot");
    object.set("struct_type", "snapshot");
    TRY(print_output(json::write(object) + "\n"));
  }
  const bool recursive = options.recursive || !subfolder.empty();
  TRY(walk(session.repository, snapshot.tree, [&](const WalkEntry& entry) -> Result<WalkStep> {
    const Listed listed = judge(entry, folders, recursive);
    if (listed.shown) TRY(print_entry(entry, options));
    return listed.step;
  }));
  return kExitSuccess;
}

}  // namespace

void register_ls(Command& repo) {
  auto options = std::make_shared<Options>();
  Command& command = repo.subcommand("ls", "List what a snapshot holds");
  add_session_options(command, options->session);
  add_snapshot_argument(command, options->snapshot);
  command.arguments("FOLDER", options->folders, "only what lies directly in these", Need::optional)
      .flag("--recursive", options->recursive, "and all below them")
      .flag("-l,--long", options->detailed, "modes, owners, sizes and times too")
      .flag("--human-readable", options->human_readable, "sizes as 1.5 MiB");
  command.on_run([options] {
    return with_repository(options->session, Locking::none,
                           [&](Session& session) { return ls(*options, session); });
  });
}

}  // namespace bulkhead::cli::repo
