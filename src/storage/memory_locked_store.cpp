#include "storage/memory_locked_store.h"

#include <algorithm>

#include "storage/file_names.h"

namespace bulkhead::storage {
namespace {

std::unexpected<Error> missing(const FileId& id) {
  return fail(ErrorKind::not_found, describe(id) + " does not exist");
}

template <typename State>
Result<void> require_working(const State& state) {
  if (!state.broken) return {};
  return fail(*state.broken, "the store is broken", Retry::may_help);
}

}  // namespace

Result<void> MemoryLockedStore::add(const FileId& id, Version version) {
  TRY(require_file_name(id));
  return state_.with([&](State& state) -> Result<void> {
    TRY(require_working(state));
    version.version = std::to_string(++state.made);
    version.stored = clock_.now();
    state.objects[Key{id.type, id.name}].push_back(std::move(version));
    return {};
  });
}

Result<void> MemoryLockedStore::put(const FileId& id, ByteView content, WallTime until) {
  return add(id, {.content = Bytes(content.begin(), content.end()), .until = until});
}

void MemoryLockedStore::cover(const FileId& id, ByteView content) {
  (void)add(id, {.content = Bytes(content.begin(), content.end())});
}

void MemoryLockedStore::hide(const FileId& id) { (void)add(id, {.is_marker = true}); }

void MemoryLockedStore::fail_with(std::optional<ErrorKind> kind) {
  state_.with([&](State& state) { state.broken = kind; });
}

Result<NewestVersion> MemoryLockedStore::newest(const FileId& id) {
  TRY(require_file_name(id));
  return state_.with([&](State& state) -> Result<NewestVersion> {
    TRY(require_working(state));
    const std::vector<Version>& all = state.objects[Key{id.type, id.name}];
    if (all.empty() || all.back().is_marker) return missing(id);
    const Version& last = all.back();
    return NewestVersion{last.version, last.content.size(), md5_of(last.content), last.until};
  });
}

Result<MemoryLockedStore::Version*> MemoryLockedStore::find(State& state, const FileId& id,
                                                            const std::string& version) {
  TRY(require_file_name(id));
  TRY(require_working(state));
  for (Version& one : state.objects[Key{id.type, id.name}]) {
    if (one.version == version && !one.is_marker) return &one;
  }
  return missing(id);
}

Result<void> MemoryLockedStore::extend(const FileId& id, const std::string& version,
                                       WallTime until) {
  return state_.with([&](State& state) -> Result<void> {
    Version* const found = TRY(find(state, id, version));
    found->until = std::max(found->until.value_or(until), until);
    return {};
  });
}

Result<void> MemoryLockedStore::remove(const FileId& id, const std::string& version) {
  return state_.with([&](State& state) -> Result<void> {
    const Version* const found = TRY(find(state, id, version));
    if (found->until && *found->until > clock_.now()) {
      return fail(ErrorKind::denied, describe(id) + " is locked");
    }
    std::erase_if(state.objects[Key{id.type, id.name}],
                  [&](const Version& one) { return one.version == version; });
    return {};
  });
}

Result<Bytes> MemoryLockedStore::load(const FileId& id, const std::string& version) {
  return state_.with(
      [&](State& state) -> Result<Bytes> { return TRY(find(state, id, version))->content; });
}

Result<std::vector<LockedVersion>> MemoryLockedStore::versions_of(const FileId& id) {
  TRY(require_file_name(id));
  std::vector<LockedVersion> found = TRY(versions(id.type));
  std::erase_if(found, [&](const LockedVersion& one) { return one.name != id.name; });
  return found;
}

Result<std::vector<LockedVersion>> MemoryLockedStore::versions(FileType type) {
  return state_.with([&](State& state) -> Result<std::vector<LockedVersion>> {
    TRY(require_working(state));
    std::vector<LockedVersion> found;
    for (const auto& [key, all] : state.objects) {
      if (key.first != type) continue;
      for (const Version& one : all) {
        if (one.is_marker) continue;
        found.push_back(
            {key.second, one.version, one.content.size(), md5_of(one.content), one.stored});
      }
    }
    return found;
  });
}

}  // namespace bulkhead::storage
