#include <fmt/format.h>

#include "cli/repo/output.h"
#include "cli/repo/selection.h"
#include "cli/repo/session.h"
#include "cli/repo/verbs.h"
#include "json/value.h"
#include "repository/statistics.h"

namespace bulkhead::cli::repo {
namespace {

using repository::CountMode;

struct Options {
  SessionOptions session;
  SelectionOptions selection;
  std::vector<std::string> snapshots;
  std::string mode = "restore-size";
};

// 0 where there is nothing to compare.
double ratio(std::uint64_t one, std::uint64_t other) {
  return other == 0 ? 0.0 : static_cast<double>(one) / static_cast<double>(other);
}
// Of what is compressed.
double compression_ratio(const repository::Statistics& counted) {
  return ratio(counted.bytes_if_uncompressed, counted.compressed_bytes);
}
double progress_percent(const repository::Statistics& counted) {
  return 100 * ratio(counted.bytes_if_uncompressed, counted.uncompressed_bytes);
}
double saving_percent(const repository::Statistics& counted) {
  if (counted.uncompressed_bytes == 0) return 0;
  return 100 * (1 - ratio(counted.bytes, counted.uncompressed_bytes));
}

Result<void> print_json(const repository::Statistics& counted, CountMode mode) {
  json::Object object{{"total_size", counted.bytes}};
  if (mode == CountMode::raw_data) {
    object.set("total_uncompressed_size", counted.uncompressed_bytes);
    // As restic, nothing where nothing is compressed.
    if (counted.compressed_bytes > 0) {
      object.set("compression_ratio", compression_ratio(counted));
      object.set("compression_progress", progress_percent(counted));
      object.set("compression_space_saving", saving_percent(counted));
    }
  } else {
    object.set("total_file_count", counted.files);
  }
  if (counted.blobs > 0) object.set("total_blob_count", counted.blobs);
  object.set("snapshots_count", counted.snapshots);
  return print_output(json::write(object) + "\n");
}

Result<void> print_text(const repository::Statistics& counted, CountMode mode) {
  std::string text = fmt::format("Stats in {} mode:\n", name_of(mode));
  const auto add_line = [&](std::string_view name, const std::string& value) {
    text += fmt::format("{:>23}  {}\n", name, value);
  };
  add_line("Snapshots processed:", std::to_string(counted.snapshots));
  if (counted.blobs > 0) add_line("Total Blob Count:", std::to_string(counted.blobs));
  if (mode != CountMode::raw_data) add_line("Total File Count:", std::to_string(counted.files));
  if (mode == CountMode::raw_data) {
    add_line("Total Uncompressed Size:", show_size(counted.uncompressed_bytes));
    add_line("Compression Progress:", fmt::format("{:.2f}%", progress_percent(counted)));
    add_line("Compression Ratio:", fmt::format("{:.2f}x", compression_ratio(counted)));
    add_line("Space Saving:", fmt::format("{:.2f}%", saving_percent(counted)));
  }
  add_line("Total Size:", show_size(counted.bytes));
  return print_output(text);
}

Result<int> stats(const Options& options, Session& session) {
  const CountMode mode = TRY(repository::parse_count_mode(options.mode));
  const auto snapshots =
      TRY(find_snapshots(session.repository, options.snapshots, options.selection));
  const repository::Statistics counted =
      TRY(repository::count(session.repository, snapshots, mode));
  if (options.session.json) TRY(print_json(counted, mode));
  else TRY(print_text(counted, mode));
  return kExitSuccess;
}

}  // namespace

void register_stats(Command& repo) {
  auto options = std::make_shared<Options>();
  Command& command = repo.subcommand("stats", "How much snapshots hold");
  add_session_options(command, options->session);
  add_selection_options(command, options->selection);
  command.arguments("SNAPSHOT", options->snapshots, "only these", Need::optional)
      .option("--mode", options->mode,
              "restore-size, files-by-contents, blobs-per-file or raw-data");
  command.on_run([options] {
    return with_repository(options->session, Locking::shared,
                           [&](Session& session) { return stats(*options, session); });
  });
}

}  // namespace bulkhead::cli::repo
