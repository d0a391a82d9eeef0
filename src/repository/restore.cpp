#include "repository/restore.h"

#include <filesystem>

#include <fmt/format.h>

#include "repository/internal/confined_folder.h"
#include "repository/internal/existing_files.h"
#include "repository/internal/restore_run.h"

namespace bulkhead::repository {
namespace {

enum class Target { missing, empty, used };

// Of a dry run the target may be missing; of others it is made.
Result<Target> prepare_target(const RestoreOptions& options) {
  if (options.target.empty()) return fail(ErrorKind::invalid, "no folder was given to restore to");
  std::error_code error;
  if (options.dry_run && !std::filesystem::exists(options.target, error)) return Target::missing;
  if (!options.dry_run) TRY(make_directories(options.target, 0700));
  const bool empty = std::filesystem::is_empty(options.target, error);
  if (error) return fail_errno(error.value(), options.target.native());
  if (empty) return Target::empty;
  if (options.existing == Existing::replace) return Target::used;
  return fail(ErrorKind::conflict,
              fmt::format("{} is not empty; restore to a new folder, or say that what is there "
                          "may be replaced",
                          options.target.native()));
}

// What a dry run says. A further name of a file is made anew each time, as in the run itself.
RestoreReport foretell(const RestorePlan& plan, const std::vector<FileFate>& fates,
                       const std::vector<std::string>& unexpected, const RestoreOptions& options) {
  RestoreReport report;
  const auto tell = [&](const std::string& path, RestoreAction action, std::uint64_t size) {
    if (options.item) options.item({path, action, size});
  };
  for (std::size_t i = 0; i < plan.files.size(); ++i) {
    const RestoreAction action = action_of(fates.empty() ? FileFate::Kind::make : fates[i].kind);
    const std::uint64_t size = plan.files.bytes(i);
    const bool unchanged = action == RestoreAction::unchanged;
    ++(unchanged ? report.files_unchanged : report.files);
    (unchanged ? report.bytes_unchanged : report.bytes) += size;
    tell(plan.path_of_file(i), action, size);
  }
  report.directories = plan.directories.size();
  report.others = plan.others.size() + plan.links.size();
  for (const std::string& path : unexpected) tell(path, RestoreAction::deleted, 0);
  report.deleted = unexpected.size();
  return report;
}

}  // namespace

Result<RestoreReport> restore(Repository& repository, const Snapshot& snapshot,
                              const RestoreOptions& options) {
  const Target target = TRY(prepare_target(options));
  TRY(repository.load_index());
  RestorePlan plan = TRY(plan_restore(repository, snapshot, options));
  std::vector<FileFate> fates;  // none: all are made
  std::vector<std::string> unexpected;
  if (target == Target::missing) return foretell(plan, fates, unexpected, options);
  ConfinedFolder folder = TRY(ConfinedFolder::open(options.target));
  if (target == Target::used) {
    fates = TRY(survey_files(repository, folder, plan, options));
    unexpected = TRY(find_unexpected(folder, plan, options));
  }
  if (options.dry_run) return foretell(plan, fates, unexpected, options);
  ContentPlan contents = TRY(plan_contents(repository, plan, fates));
  return run_restore(
      repository, options, std::move(folder),
      {std::move(plan), std::move(contents), std::move(fates), std::move(unexpected)});
}

}  // namespace bulkhead::repository
