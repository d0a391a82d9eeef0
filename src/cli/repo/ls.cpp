#include <fmt/format.h>

#include "cli/repo/output.h"
#include "cli/repo/selection.h"
#include "cli/repo/session.h"
#include "cli/repo/verbs.h"
#include "json/value.h"
#include "repository/walk.h"

namespace bulkhead::cli::repo {
namespace {

struct Options {
  SessionOptions session;
  SelectionOptions selection;
  std::string snapshot;
  std::string folder;
  bool detailed = false;
};

void print_entry(const repository::WalkEntry& entry, const Options& options) {
  const repository::Node& node = entry.node;
  const std::string path = "/" + entry.path;
  if (options.session.json) {
    fmt::print("{}\n", json::write(json::Object{
                           {"name", repository::quote_name(node.name)},
                           {"type", name_of(node.type)},
                           {"path", repository::quote_name(path)},
                           {"uid", static_cast<std::uint64_t>(node.uid)},
                           {"gid", static_cast<std::uint64_t>(node.gid)},
                           {"size", node.size},
                           {"permissions", show_mode(node)},
                           {"mtime", to_rfc3339(node.modified)},
                           {"struct_type", "node"},
                       }));
    return;
  }
  if (!options.detailed) {
    fmt::print("{}\n", show_name(path));
    return;
  }
  const std::string target =
      node.type == repository::NodeType::symlink ? " -> " + show_name(node.link_target) : "";
  fmt::print("{} {:5} {:5} {:>10} {} {}{}\n", show_mode(node), node.uid, node.gid, node.size,
             show_time(node.modified), show_name(path), target);
}

Result<int> ls(const Options& options) {
  auto repository = open_session(options.session);
  if (!repository) {
    report_error(repository.error());
    return exit_status_of(repository.error());
  }
  const repository::Snapshot snapshot =
      TRY((*repository)->find_snapshot(options.snapshot, filter_of(options.selection)));
  TRY((*repository)->load_index());
  const repository::BlobId root = TRY(find_tree(**repository, snapshot.tree, options.folder));
  std::string prefix = options.folder;
  while (prefix.ends_with('/')) prefix.pop_back();
  if (prefix.starts_with('/')) prefix.erase(0, 1);
  TRY(walk(**repository, root, [&](const repository::WalkEntry& found) {
    repository::WalkEntry entry = found;
    if (!prefix.empty()) entry.path = prefix + "/" + entry.path;
    print_entry(entry, options);
    return Result<repository::WalkStep>(repository::WalkStep::go_on);
  }));
  return kExitSuccess;
}

}  // namespace

void register_ls(Command& repo) {
  auto options = std::make_shared<Options>();
  Command& command = repo.subcommand("ls", "List what a snapshot holds");
  add_session_options(command, options->session);
  add_selection_options(command, options->selection);
  command
      .argument("SNAPSHOT", options->snapshot, "an id, its beginning, or \"latest\"",
                Need::required)
      .argument("FOLDER", options->folder, "only what this folder holds", Need::optional)
      .flag("-l,--long", options->detailed, "modes, owners, sizes and times too");
  command.on_run([options] { return ls(*options); });
}

}  // namespace bulkhead::cli::repo
