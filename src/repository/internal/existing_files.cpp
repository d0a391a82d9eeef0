#include "repository/internal/existing_files.h"

#include <algorithm>
#include <cerrno>
#include <memory>
#include <optional>
#include <thread>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "repository/exclude.h"
#include "repository/internal/file_node.h"

namespace bulkhead::repository {
namespace {

constexpr std::size_t kReadSize = 256 << 10;

std::optional<struct stat> status_of(const ConfinedFolder& folder, const std::string& path) {
  const auto object = folder.open_below(path, O_PATH);
  struct stat status{};
  if (!object || ::fstat(object->get(), &status) != 0) return std::nullopt;
  return status;
}

// Reads `size` bytes from where the file stands; a file that ends before has another digest.
Result<BlobId> digest_of_next(int fd, std::uint64_t size, Bytes& buffer) {
  crypto::Sha256 hash;
  while (size > 0) {
    const std::size_t wanted =
        static_cast<std::size_t>(std::min<std::uint64_t>(size, buffer.size()));
    const std::size_t got = TRY(read_some(fd, MutableByteView(buffer).first(wanted)));
    if (got == 0) break;
    hash.update(ByteView(buffer).first(got));
    size -= got;
  }
  return BlobId(hash.finish());
}

class Survey {
 public:
  Survey(Repository& repository, const ConfinedFolder& folder, const RestoreOptions& options)
      : repository_(repository), folder_(folder), options_(options) {}

  FileFate judge(const std::string& path, const Node& planned, Bytes& buffer) const {
    using enum FileFate::Kind;
    const auto status = status_of(folder_, path);
    if (!status) return {make, {}};
    if (options_.overwrite == Overwrite::never) return {keep, {}};
    const WallTime modified = to_wall_time(status->st_mtim);
    if (options_.overwrite == Overwrite::if_newer && modified >= planned.modified) {
      return {keep, {}};
    }
    // Another name of the same file may lie outside of what is restored, and must not change.
    if (!S_ISREG(status->st_mode) || status->st_nlink > 1) return {make, {}};
    const bool same_size = static_cast<std::uint64_t>(status->st_size) == planned.size;
    if (options_.overwrite == Overwrite::if_changed && same_size && modified == planned.modified) {
      return {same, {}};
    }
    return compare(path, planned, same_size, buffer);
  }

 private:
  FileFate compare(const std::string& path, const Node& planned, bool same_size,
                   Bytes& buffer) const {
    using enum FileFate::Kind;
    const auto file = folder_.open_below(path, O_RDONLY | O_NONBLOCK);
    if (!file) return {make, {}};
    FileFate fate{update, {}};
    bool whole = same_size;
    for (const BlobId& id : planned.content) {
      const auto size = repository_.blob_size(BlobType::data, id);
      if (!size) return {make, {}};  // which then says what is lacking
      const auto found = digest_of_next(file->get(), *size, buffer);
      if (!found) return {make, {}};
      fate.in_place.push_back(*found == id);
      whole = whole && *found == id;
    }
    if (whole) return {same, {}};
    return fate;
  }

  Repository& repository_;
  const ConfinedFolder& folder_;
  const RestoreOptions& options_;
};

Result<std::vector<std::string>> names_in(const ConfinedFolder& folder, const std::string& path) {
  auto opened = folder.open_below(path, O_RDONLY | O_DIRECTORY);
  // Not there, or something else that is about to be replaced.
  if (!opened) return std::vector<std::string>();
  const std::unique_ptr<DIR, int (*)(DIR*)> listing(::fdopendir(opened->release()), ::closedir);
  if (!listing) return fail_errno(errno, "listing " + quote_name(path));
  std::vector<std::string> names;
  while (const dirent* entry = ::readdir(listing.get())) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  std::ranges::sort(names);
  return names;
}

}  // namespace

Result<std::vector<FileFate>> survey_files(Repository& repository, const ConfinedFolder& folder,
                                           const RestorePlan& plan, const RestoreOptions& options) {
  const Survey survey(repository, folder, options);
  std::vector<FileFate> fates(plan.files.size());
  std::atomic<std::size_t> next{0};
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < std::max(1u, options.threads); ++i) {
    threads.emplace_back([&] {
      Bytes buffer(kReadSize);
      for (std::size_t at = next++; at < fates.size(); at = next++) {
        if (options.cancel && *options.cancel) return;
        fates[at] = survey.judge(plan.path_of_file(at), plan.files[at].node, buffer);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  if (options.cancel && *options.cancel) {
    return fail(ErrorKind::unavailable, "the restore was cancelled");
  }
  return fates;
}

bool left_as_it_is(const ConfinedFolder& folder, const std::string& path, const Node& planned,
                   Overwrite overwrite) {
  if (overwrite != Overwrite::never && overwrite != Overwrite::if_newer) return false;
  const auto status = status_of(folder, path);
  if (!status) return false;
  return overwrite == Overwrite::never || to_wall_time(status->st_mtim) >= planned.modified;
}

Result<std::vector<std::string>> find_unexpected(const ConfinedFolder& folder,
                                                 const RestorePlan& plan,
                                                 const RestoreOptions& options) {
  const PathPatterns includes(options.includes, options.includes_any_case);
  const PathPatterns excludes(options.excludes, options.excludes_any_case);
  std::vector<std::string> found;
  for (const PlannedListing& listing : plan.listings) {
    for (const std::string& name : TRY(names_in(folder, listing.path))) {
      if (std::ranges::binary_search(listing.names, name)) continue;
      const std::string in_snapshot = listing.snapshot_path + "/" + name;
      const bool chosen = !excludes.match(in_snapshot) &&
                          (listing.included || includes.empty() || includes.match(in_snapshot));
      if (chosen) found.push_back(listing.path.empty() ? name : listing.path + "/" + name);
    }
  }
  return found;
}

}  // namespace bulkhead::repository
