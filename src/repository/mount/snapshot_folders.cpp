#include "repository/mount/snapshot_folders.h"

#include <algorithm>

#include <fmt/format.h>

namespace bulkhead::repository {
namespace {

constexpr std::chrono::seconds kLookAgainAfter{5};

std::string safe_name(std::string name) {
  std::ranges::replace(name, '/', '_');
  return name.empty() || name == "." || name == ".." ? "_" + name : name;
}

std::string time_name(WallTime time) {
  return to_rfc3339(std::chrono::floor<std::chrono::seconds>(time));
}

std::string add_snapshot(std::map<std::string, FolderEntry>& folder, const Snapshot& snapshot) {
  const std::string base = time_name(snapshot.time);
  std::string name = base;
  for (int i = 1; folder.contains(name); ++i) name = fmt::format("{}-{}", base, i);
  folder.emplace(name, SnapshotRoot{snapshot.tree, snapshot.time});
  // Snapshots come in the order of their times.
  folder.insert_or_assign("latest", LatestLink{name});
  return name;
}

}  // namespace

FolderTable lay_out(const std::vector<Snapshot>& snapshots) {
  FolderTable folders;
  for (const char* name : {"ids", "snapshots", "hosts", "tags"}) {
    folders[""].emplace(name, VirtualFolder());
    folders["/" + std::string(name)];
  }
  const auto add_below = [&](const std::string& parent, const std::string& given,
                             const Snapshot& snapshot) {
    const std::string name = safe_name(given);
    folders[parent].try_emplace(name, VirtualFolder());
    add_snapshot(folders[parent + "/" + name], snapshot);
  };
  for (const Snapshot& snapshot : snapshots) {
    folders["/ids"].emplace(snapshot.id.short_hex(), SnapshotRoot{snapshot.tree, snapshot.time});
    add_snapshot(folders["/snapshots"], snapshot);
    add_below("/hosts", snapshot.hostname, snapshot);
    for (const std::string& tag : snapshot.tags) add_below("/tags", tag, snapshot);
  }
  return folders;
}

SnapshotFolders::SnapshotFolders(Repository& repository, SnapshotFilter filter)
    : repository_(repository), filter_(std::move(filter)) {}

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
    state.folders = lay_out(snapshots);
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
