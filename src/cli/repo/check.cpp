#include "repository/check.h"

#include <fmt/format.h>

#include "cli/repo/output.h"
#include "cli/repo/session.h"
#include "cli/repo/verbs.h"
#include "json/value.h"

namespace bulkhead::cli::repo {
namespace {

struct Options {
  SessionOptions session;
  bool read_data = false;
};

Result<int> check(const Options& options, Session& session) {
  repository::CheckOptions settings;
  settings.read_data = options.read_data ? repository::ReadData::yes : repository::ReadData::no;
  const auto report = [&] {
    ProgressLine line(!options.session.quiet && !options.session.json);
    settings.progress = [&](const repository::CheckProgress& progress) {
      line.show(fmt::format("{} of {} packs read", progress.packs_done, progress.packs_total));
    };
    return repository::check(session.repository, settings);
  }();
  if (!report) return std::unexpected(report.error());
  for (const std::string& hint : report->hints) fmt::print(stderr, "hint: {}\n", hint);
  for (const std::string& error : report->errors) fmt::print(stderr, "error: {}\n", error);
  if (options.session.json) {
    fmt::print("{}\n", json::write(json::Object{
                           {"message_type", "summary"},
                           {"num_errors", static_cast<std::uint64_t>(report->errors.size())},
                           {"num_hints", static_cast<std::uint64_t>(report->hints.size())},
                           {"snapshots", report->snapshots},
                           {"trees", report->trees},
                           {"packs", report->packs},
                           {"blobs", report->blobs},
                       }));
  } else if (!options.session.quiet) {
    fmt::print("checked {} snapshots, {} trees, {} packs, {} blobs{}: {}\n", report->snapshots,
               report->trees, report->packs, report->blobs,
               options.read_data ? ", with all data" : "",
               report->whole() ? "no errors" : fmt::format("{} errors", report->errors.size()));
  }
  return report->whole() ? kExitSuccess : kExitFailure;
}

}  // namespace

void register_check(Command& repo) {
  auto options = std::make_shared<Options>();
  Command& command = repo.subcommand("check", "Is the repository whole?");
  add_session_options(command, options->session);
  command.flag("--read-data", options->read_data, "read and authenticate every byte");
  command.on_run([options] {
    return with_repository(options->session, Locking::shared,
                           [&](Session& session) { return check(*options, session); });
  });
}

}  // namespace bulkhead::cli::repo
