#include <fmt/format.h>

#include "cli/repo/output.h"
#include "cli/repo/selection.h"
#include "cli/repo/session.h"
#include "cli/repo/verbs.h"
#include "json/value.h"
#include "repository/difference.h"

namespace bulkhead::cli::repo {
namespace {

struct Options {
  SessionOptions session;
  SnapshotChoice before;
  SnapshotChoice after;
  bool metadata = false;
};

// "+", "-", or of T, M and U what applies.
std::string modifier(const repository::Difference& difference) {
  if (difference.added) return "+";
  if (difference.removed) return "-";
  std::string text;
  if (difference.type) text += 'T';
  if (difference.content) text += 'M';
  if (difference.metadata) text += 'U';
  return text;
}

json::Object to_json(const repository::DifferenceCounts& counts) {
  return {{"files", counts.files},           {"dirs", counts.directories},
          {"others", counts.others},         {"data_blobs", counts.data_blobs},
          {"tree_blobs", counts.tree_blobs}, {"bytes", counts.bytes}};
}

Result<void> print_summary(const repository::DifferenceSummary& summary) {
  const repository::DifferenceCounts& added = summary.added;
  const repository::DifferenceCounts& removed = summary.removed;
  std::string text = fmt::format("\nFiles:       {:5} new, {:5} removed, {:5} changed\n",
                                 added.files, removed.files, summary.changed_files);
  const auto add_line = [&](std::string_view name, std::uint64_t one, std::uint64_t other) {
    text += fmt::format("{:12} {:5} new, {:5} removed\n", name, one, other);
  };
  add_line("Dirs:", added.directories, removed.directories);
  add_line("Others:", added.others, removed.others);
  add_line("Data Blobs:", added.data_blobs, removed.data_blobs);
  add_line("Tree Blobs:", added.tree_blobs, removed.tree_blobs);
  text += fmt::format("  Added:   {}\n  Removed: {}\n", show_size(added.bytes),
                      show_size(removed.bytes));
  return print_output(text);
}

Result<int> diff(const Options& options, Session& session) {
  const ChosenSnapshot before = TRY(find_snapshot(session.repository, options.before));
  const ChosenSnapshot after = TRY(find_snapshot(session.repository, options.after));
  const bool json = options.session.json;
  if (!json && !options.session.quiet) {
    TRY(print_output(fmt::format("comparing snapshot {} to {}:\n\n", before.snapshot.id.short_hex(),
                                 after.snapshot.id.short_hex())));
  }
  const auto tell = [&](const repository::Difference& difference) {
    const std::string mark = modifier(difference);
    if (!json) return print_output(fmt::format("{:5}{}\n", mark, show_name(difference.path)));
    return print_output(
        json::write(json::Object{
            {"message_type", "change"}, {"path", difference.path}, {"modifier", mark}}) +
        "\n");
  };
  const repository::DifferenceSummary summary =
      TRY(repository::compare_snapshots(session.repository, before.snapshot, after.snapshot,
                                        {.metadata = options.metadata,
                                         .before_folder = before.subfolder,
                                         .after_folder = after.subfolder},
                                        tell));
  if (json) {
    TRY(print_output(json::write(json::Object{{"message_type", "statistics"},
                                              {"source_snapshot", before.snapshot.id.to_hex()},
                                              {"target_snapshot", after.snapshot.id.to_hex()},
                                              {"changed_files", summary.changed_files},
                                              {"added", to_json(summary.added)},
                                              {"removed", to_json(summary.removed)}}) +
                     "\n"));
  } else if (!options.session.quiet) {
    TRY(print_summary(summary));
  }
  return kExitSuccess;
}

}  // namespace

void register_diff(Command& repo) {
  auto options = std::make_shared<Options>();
  Command& command = repo.subcommand("diff", "What changed between two snapshots");
  add_session_options(command, options->session);
  command.argument("BEFORE", options->before.snapshot, "a snapshot, or ID:FOLDER", Need::required)
      .argument("AFTER", options->after.snapshot, "another", Need::required)
      .flag("--metadata", options->metadata, "also where only modes, owners or times differ");
  command.on_run([options] {
    return with_repository(options->session, Locking::shared,
                           [&](Session& session) { return diff(*options, session); });
  });
}

}  // namespace bulkhead::cli::repo
