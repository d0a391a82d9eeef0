#include "repository/check.h"

#include <fmt/format.h>

#include "cli/repo/output.h"
#include "cli/repo/progress.h"
#include "cli/repo/session.h"
#include "cli/repo/verbs.h"
#include "json/value.h"

namespace bulkhead::cli::repo {
namespace {

struct Options {
  SessionOptions session;
  bool read_data = false;
  bool with_cache = false;
  std::string subset;
};

std::string describe_data(const repository::CheckOptions& settings,
                          const repository::CheckReport& report) {
  if (settings.read_data == repository::ReadData::no) return "";
  if (settings.subset.kind == repository::DataSubset::Kind::all) return ", with all data";
  return fmt::format(", with the data of {} packs", report.packs_read);
}

json::Array to_array(const std::vector<repository::PackId>& packs) {
  json::Array array;
  for (const repository::PackId& pack : packs) array.emplace_back(pack.to_hex());
  return array;
}

void print_hint(const Options& options, const std::string& hint) {
  if (options.session.quiet) return;
  const json::Object object{{"message_type", "hint"}, {"message", hint}};
  fmt::print(stderr, "{}\n", options.session.json ? json::write(object) : "hint: " + hint);
}

// What to run, in this order.
void print_remedies(const repository::CheckReport& report) {
  if (report.index_is_damaged) fmt::print("the index is damaged: run repair index\n");
  if (!report.broken_packs.empty()) {
    fmt::print("{} packs are damaged or missing: run repair packs, then repair snapshots\n",
               report.broken_packs.size());
  }
  if (report.whole() && !report.hints.empty()) {
    fmt::print("what no snapshot needs is left over: prune removes it\n");
  }
}

Result<int> check(const Options& options, Session& session) {
  if (options.read_data && !options.subset.empty()) {
    return fail(ErrorKind::invalid, "--read-data reads all: leave it out, or --read-data-subset");
  }
  repository::CheckOptions settings;
  settings.cancel = session.cancel();
  const bool reads = options.read_data || !options.subset.empty();
  settings.read_data = reads ? repository::ReadData::yes : repository::ReadData::no;
  if (!options.subset.empty()) {
    settings.subset = TRY(repository::parse_data_subset(options.subset));
  }
  const auto report = [&] {
    ProgressMeter meter(options.session);
    settings.progress = [&](const repository::CheckProgress& progress) {
      meter.show({.things = "packs",
                  .things_done = progress.packs_done,
                  .things_total = progress.packs_total,
                  .bytes_done = progress.bytes_done,
                  .bytes_total = progress.bytes_total});
    };
    return repository::check(session.repository, settings);
  }();
  if (!report) return std::unexpected(report.error());
  for (const std::string& hint : report->hints) print_hint(options, hint);
  for (const std::string& error : report->errors) {
    print_problem(options.session.json,
                  {.text = "error: " + error, .message = error, .during = {}, .item = {}});
  }
  if (options.session.json) {
    fmt::print("{}\n", json::write(json::Object{
                           {"message_type", "summary"},
                           {"num_errors", static_cast<std::uint64_t>(report->errors.size())},
                           {"broken_packs", to_array(report->broken_packs)},
                           {"suggest_repair_index", report->index_is_damaged},
                           {"suggest_prune", !report->hints.empty()},
                           {"num_hints", static_cast<std::uint64_t>(report->hints.size())},
                           {"snapshots", report->snapshots},
                           {"trees", report->trees},
                           {"packs", report->packs},
                           {"packs_read", report->packs_read},
                           {"blobs", report->blobs},
                       }));
  } else if (!options.session.quiet) {
    fmt::print("checked {} snapshots, {} trees, {} packs, {} blobs{}: {}\n", report->snapshots,
               report->trees, report->packs, report->blobs, describe_data(settings, *report),
               report->whole() ? "no errors" : fmt::format("{} errors", report->errors.size()));
    print_remedies(*report);
  }
  return report->whole() ? kExitSuccess : kExitFailure;
}

}  // namespace

void register_check(Command& repo) {
  auto options = std::make_shared<Options>();
  Command& command = repo.subcommand("check", "Is the repository whole?");
  add_session_options(command, options->session);
  command.flag("--read-data", options->read_data, "read and authenticate every byte");
  command.flag("--with-cache", options->with_cache,
               "restic's; what is kept between runs is never believed here");
  command.option("--read-data-subset", options->subset,
                 "of a part: 2/7 (the second of seven), 2.5% or 500M (at random)");
  command.on_run([options] {
    return with_repository(options->session, Locking::shared,
                           [&](Session& session) { return check(*options, session); });
  });
}

}  // namespace bulkhead::cli::repo
