#include "repository/copy.h"

#include <fmt/format.h>

#include "cli/repo/output.h"
#include "cli/repo/progress.h"
#include "cli/repo/selection.h"
#include "cli/repo/session.h"
#include "cli/repo/verbs.h"
#include "json/value.h"

namespace bulkhead::cli::repo {
namespace {

struct Options {
  SessionOptions session;
  SessionOptions source;
  SelectionOptions selection;
  std::vector<std::string> snapshots;
};

Result<void> print_report(const Options& options, const repository::CopyReport& report) {
  for (const repository::CopiedSnapshot& snapshot : report.snapshots) {
    if (options.session.json) {
      TRY(print_output(json::write(json::Object{{"message_type", "snapshot"},
                                                {"source_snapshot", snapshot.source.to_hex()},
                                                {"snapshot_id", snapshot.copy.to_hex()},
                                                {"skipped", snapshot.skipped}}) +
                       "\n"));
    } else if (!options.session.quiet) {
      TRY(print_output(fmt::format("snapshot {} {} {}\n", snapshot.source.short_hex(),
                                   snapshot.skipped ? "is there already as" : "copied to",
                                   snapshot.copy.short_hex())));
    }
  }
  if (options.session.json) {
    return print_output(json::write(json::Object{{"message_type", "summary"},
                                                 {"blobs_copied", report.blobs},
                                                 {"data_added", report.bytes_added},
                                                 {"data_added_packed", report.bytes_packed}}) +
                        "\n");
  }
  if (options.session.quiet) return {};
  return print_output(fmt::format("copied {} blobs, {} ({} stored)\n", report.blobs,
                                  show_size(report.bytes_added), show_size(report.bytes_packed)));
}

Result<int> copy(const Options& options, Session& session) {
  if (options.source.location.empty() && options.source.location_file.empty()) {
    return fail(ErrorKind::invalid, "copy from where? give --from-repo");
  }
  const auto source = open_session(options.source);
  if (!source) {
    return report_failure(options.session, source.error().with_context("source"),
                          exit_status_of(source.error()));
  }
  const auto snapshots = TRY(find_snapshots(**source, options.snapshots, options.selection));
  repository::CopyOptions settings;
  settings.cancel = session.cancel();
  const auto report = [&] {
    ProgressMeter meter(options.session);
    settings.progress = [&](const repository::CopyProgress& progress) {
      meter.show({.things = "blobs",
                  .things_done = progress.blobs_done,
                  .things_total = progress.blobs_total,
                  .bytes_done = progress.bytes_done,
                  .bytes_total = progress.bytes_total});
    };
    return repository::copy_snapshots(**source, session.repository, snapshots, settings);
  }();
  if (!report) return std::unexpected(report.error());
  TRY(print_report(options, *report));
  return kExitSuccess;
}

}  // namespace

void register_copy(Command& repo) {
  auto options = std::make_shared<Options>();
  Command& command = repo.subcommand("copy", "Copy snapshots from another repository");
  add_session_options(command, options->session);
  add_source_options(command, options->source);
  add_selection_options(command, options->selection);
  command.arguments("SNAPSHOT", options->snapshots, "only these", Need::optional);
  command.on_run([options] {
    share_connection(options->session, options->source);
    return with_repository(options->session, Locking::by_action,
                           [&](Session& session) { return copy(*options, session); });
  });
}

}  // namespace bulkhead::cli::repo
