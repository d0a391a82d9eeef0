#include "repository/mount/snapshot_folders.h"

#include <algorithm>

#include <fmt/format.h>

namespace bulkhead::repository {
namespace {

constexpr std::chrono::seconds kLookAgainAfter{5};

}  // namespace

SnapshotFolders::SnapshotFolders(Repository& repository, SnapshotFilter filter, MountLayout layout)
    : repository_(repository), filter_(std::move(filter)), layout_(std::move(layout)) {}

Result<void> SnapshotFolders::refresh(State& state) {
  const SteadyTime now = repository_.clock().steady_now();
  if (state.looked && now - *state.looked < kLookAgainAfter) return {};
  std::vector<std::string> names;
  for (const auto& info : TRY(repository_.backend().list(storage::FileType::snapshot))) {
    names.push_back(info.name);
  }
  std::ranges::sort(names);
  if (!state.looked || names != state.names) {
    const std::vector<Snapshot> snapshots = TRY(repository_.snapshots(filter_));
    TRY(repository_.load_index());
    state.folders = lay_out(snapshots, layout_);
    state.names = std::move(names);
    state.changed = repository_.clock().now();
  }
  state.looked = now;
  return {};
}

Result<std::map<std::string, FolderEntry>> SnapshotFolders::list(const std::string& path) {
  return state_.with([&](State& state) -> Result<std::map<std::string, FolderEntry>> {
    TRY(refresh(state));
    const auto at = state.folders.find(path);
    if (at == state.folders.end()) return fail(ErrorKind::not_found, "there is no " + path);
    return at->second;
  });
}

Result<FolderEntry> SnapshotFolders::find(const std::string& path, const std::string& name) {
  return state_.with([&](State& state) -> Result<FolderEntry> {
    TRY(refresh(state));
    const auto folder = state.folders.find(path);
    if (folder != state.folders.end()) {
      const auto at = folder->second.find(name);
      if (at != folder->second.end()) return at->second;
    }
    return fail(ErrorKind::not_found, fmt::format("there is no {}/{}", path, name));
  });
}

WallTime SnapshotFolders::changed() {
  return state_.with([](State& state) { return state.changed; });
}

}  // namespace bulkhead::repository
