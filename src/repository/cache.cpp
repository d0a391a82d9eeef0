#include "repository/cache.h"

#include <algorithm>
#include <cerrno>

#include <sys/stat.h>
#include <unistd.h>

#include "repository/internal/file_node.h"
#include "repository/internal/index_cache.h"

namespace bulkhead::repository {
namespace {

constexpr std::size_t kIdLength = 64;

bool is_repository_id(std::string_view name) {
  return name.size() == kIdLength &&
         name.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

bool is_leftover(std::string_view name) {
  return name.starts_with(".index-") && name.ends_with(".new");
}

bool is_ours(std::string_view name) { return name == kIndexCacheName || is_leftover(name); }

Result<std::vector<std::string>> names_in(const Path& folder) {
  std::vector<std::string> names;
  std::error_code error;
  std::filesystem::directory_iterator at(folder, error);
  for (; !error && at != std::filesystem::directory_iterator(); at.increment(error)) {
    names.push_back(at->path().filename().native());
  }
  if (error == std::errc::no_such_file_or_directory) return names;
  if (error) return fail_errno(error.value(), folder.native());
  return names;
}

}  // namespace

Result<std::vector<CachedRepository>> list_caches(const Path& folder) {
  std::vector<CachedRepository> caches;
  for (const std::string& id : TRY(names_in(folder))) {
    if (!is_repository_id(id)) continue;
    CachedRepository cache{id, WallTime(), 0};
    bool found = false;
    for (const std::string& name : TRY(names_in(folder / id))) {
      struct stat status{};
      if (!is_ours(name) || ::lstat((folder / id / name).c_str(), &status) != 0) continue;
      found = true;
      cache.bytes += static_cast<std::uint64_t>(status.st_size);
      cache.last_used = std::max(cache.last_used, to_wall_time(status.st_mtim));
    }
    if (found) caches.push_back(std::move(cache));
  }
  std::ranges::sort(caches, std::ranges::greater(), &CachedRepository::last_used);
  return caches;
}

Result<std::vector<CachedRepository>> remove_old_caches(const Path& folder, WallTime before) {
  std::vector<CachedRepository> removed;
  for (CachedRepository& cache : TRY(list_caches(folder))) {
    if (cache.last_used >= before) continue;
    for (const std::string& name : TRY(names_in(folder / cache.id))) {
      const Path path = folder / cache.id / name;
      if (is_ours(name) && ::unlink(path.c_str()) != 0 && errno != ENOENT) {
        return fail_errno(errno, "removing " + path.native());
      }
    }
    // It stays where restic's cache is in it.
    ::rmdir((folder / cache.id).c_str());
    removed.push_back(std::move(cache));
  }
  return removed;
}

}  // namespace bulkhead::repository
