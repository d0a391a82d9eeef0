#include "repository/cache.h"

#include <fmt/format.h>

#include "cli/repo/output.h"
#include "cli/repo/session.h"
#include "cli/repo/verbs.h"
#include "json/value.h"

namespace bulkhead::cli::repo {
namespace {

using repository::CachedRepository;

constexpr std::uint64_t kDaysMax = 100'000;

struct Options {
  SessionOptions session;
  bool clean_up = false;
  bool no_size = false;
  std::uint64_t max_age_days = 30;
};

Result<void> print_json(const std::vector<CachedRepository>& caches, WallTime before,
                        const Options& options) {
  json::Array list;
  for (const CachedRepository& cache : caches) {
    json::Object object{{"id", cache.id},
                        {"last_used", to_rfc3339(cache.last_used)},
                        {"old", cache.last_used < before}};
    if (!options.no_size) object.set("size", cache.bytes);
    list.emplace_back(std::move(object));
  }
  return print_output(json::write(list) + "\n");
}

Result<void> print_table(const std::vector<CachedRepository>& caches, const Path& folder,
                         WallTime before, const Options& options) {
  if (caches.empty()) {
    return print_output(fmt::format("nothing is kept in {}\n", show_name(folder.native())));
  }
  std::string text = fmt::format("{:<10}  {:<19}  {:<3}", "Repo ID", "Last used (UTC)", "Old");
  text += options.no_size ? "\n" : fmt::format("  {:>12}\n", "Size");
  for (const CachedRepository& cache : caches) {
    text += fmt::format("{:<10}  {:<19}  {:<3}", cache.id.substr(0, 10), show_time(cache.last_used),
                        cache.last_used < before ? "yes" : "");
    text += options.no_size ? "\n" : fmt::format("  {:>12}\n", show_size(cache.bytes));
  }
  text += fmt::format("{} repositories in {}\n", caches.size(), show_name(folder.native()));
  return print_output(text);
}

Result<int> show_caches(const Options& options) {
  const Path folder = cache_folder(options.session);
  if (folder.empty()) {
    return fail(ErrorKind::invalid,
                "nothing is kept with --no-cache or without a home folder: give --cache-dir");
  }
  if (options.max_age_days > kDaysMax) {
    return fail(ErrorKind::invalid, "--max-age is a number of days");
  }
  const WallTime before = SystemClock().now() - std::chrono::days(options.max_age_days);
  const bool json = options.session.json;
  if (options.clean_up) {
    const auto removed = TRY(repository::remove_old_caches(folder, before));
    if (json) TRY(print_json(removed, before, options));
    else if (!options.session.quiet) {
      TRY(print_output(fmt::format("removed what was kept of {} repositories in {}\n",
                                   removed.size(), show_name(folder.native()))));
    }
    return kExitSuccess;
  }
  const auto caches = TRY(repository::list_caches(folder));
  if (json) TRY(print_json(caches, before, options));
  else TRY(print_table(caches, folder, before, options));
  return kExitSuccess;
}

}  // namespace

void register_cache(Command& repo) {
  auto options = std::make_shared<Options>();
  Command& command = repo.subcommand("cache", "Show and clean what is kept between runs");
  add_session_options(command, options->session);
  command.flag("--cleanup", options->clean_up, "remove what is old")
      .flag("--no-size", options->no_size, "do not show sizes")
      .option("--max-age", options->max_age_days, "days after the last use that make it old");
  command.on_run([options] { return show_caches(*options); });
}

}  // namespace bulkhead::cli::repo
