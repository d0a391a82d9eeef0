#include <fmt/format.h>

#include "cli/repo/output.h"
#include "cli/repo/selection.h"
#include "cli/repo/session.h"
#include "cli/repo/verbs.h"
#include "json/value.h"

namespace bulkhead::cli::repo {
namespace {

struct Options {
  SessionOptions session;
  SelectionOptions selection;
};

std::string joined(const std::vector<std::string>& texts) {
  std::string out;
  for (const std::string& text : texts) out += (out.empty() ? "" : ",") + show_name(text);
  return out;
}

void print_table(const std::vector<repository::Snapshot>& snapshots) {
  fmt::print("{:8}  {:19}  {:15}  {:15}  {}\n", "ID", "Time (UTC)", "Host", "Tags", "Paths");
  for (const repository::Snapshot& snapshot : snapshots) {
    fmt::print("{:8}  {:19}  {:15}  {:15}  {}\n", snapshot.id.short_hex(), show_time(snapshot.time),
               show_name(snapshot.hostname), joined(snapshot.tags), joined(snapshot.paths));
  }
  fmt::print("{} snapshots\n", snapshots.size());
}

Result<void> print_json(const std::vector<repository::Snapshot>& snapshots) {
  json::Array array;
  for (const repository::Snapshot& snapshot : snapshots) {
    const json::Value value = TRY(json::parse(encode_snapshot(snapshot)));
    json::Object object = *value.object();
    object.set("id", snapshot.id.to_hex());
    object.set("short_id", snapshot.id.short_hex());
    array.emplace_back(std::move(object));
  }
  fmt::print("{}\n", json::write(array));
  return {};
}

Result<int> snapshots(const Options& options) {
  auto repository = open_session(options.session);
  if (!repository) {
    report_error(repository.error());
    return exit_status_of(repository.error());
  }
  const auto found = TRY((*repository)->snapshots(filter_of(options.selection)));
  if (options.session.json) TRY(print_json(found));
  else print_table(found);
  return kExitSuccess;
}

}  // namespace

void register_snapshots(Command& repo) {
  auto options = std::make_shared<Options>();
  Command& command = repo.subcommand("snapshots", "List the snapshots");
  add_session_options(command, options->session);
  add_selection_options(command, options->selection);
  command.on_run([options] { return snapshots(*options); });
}

}  // namespace bulkhead::cli::repo
