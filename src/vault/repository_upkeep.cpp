// What a repository's store does besides taking in and giving out: deletion under the retention
// lock, looking for what is out of the ordinary, looking inside, scrubbing, destruction.
#include <algorithm>

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"
#include "storage/file_names.h"
#include "vault/repository_files.h"
#include "vault/repository_store.h"

namespace bulkhead::vault {
namespace {

using storage::FileId;
using storage::FileInfo;
using storage::FileType;

// Names that wait to be looked into; more than that are found when the vault starts again.
constexpr std::size_t kUninspectedMax = 100'000;
// Before what could not be looked into is tried again.
constexpr std::chrono::minutes kInspectionPause{5};
// How often a deletion is weighed anew because a snapshot came meanwhile.
constexpr int kWeighedMax = 10;

bool are_the_same(const std::vector<FileInfo>& a, const std::vector<FileInfo>& b) {
  std::set<std::string_view> names;
  for (const FileInfo& file : a) names.insert(file.name);
  return a.size() == b.size() &&
         std::ranges::all_of(b, [&](const FileInfo& file) { return names.contains(file.name); });
}

}  // namespace

WalkedFolder walked_folder(int number) {
  constexpr FileType kTypes[] = {FileType::key, FileType::snapshot, FileType::index};
  const bool is_last = number == kWalkedFolders - 1;
  const FileType type = number < 3 ? kTypes[number] : is_last ? FileType::parity : FileType::data;
  Path path = storage::folder_of(type);
  if (type == FileType::data) path /= fmt::format("{:02x}", number - 3);
  return {type, path};
}

void RepositoryStore::raise(AlarmKind kind, std::string text) const {
  around_.alarms.raise({around_.receive_clock.now(), kind, name_, std::move(text)});
}

Result<void> RepositoryStore::learn(Leftovers& leftovers) {
  const auto tell_place = [&](const std::string& file) {
    const auto parts = split_once(file, '/');
    const auto found = parts ? leftovers.find(parts->second) : leftovers.end();
    if (found == leftovers.end()) return;
    for (const FileType type :
         {FileType::key, FileType::snapshot, FileType::index, FileType::data}) {
      if (storage::folder_of(type) == parts->first) found->second.place = {type, found->first};
    }
  };
  return history_.with([&](History& history) -> Result<void> {
    TRY(for_each_receipt(folder_ / kReceipts, 0, [&](const Receipt& receipt) {
      if (!leftovers.empty()) tell_place(receipt.file);
      history.last_received = receipt.received;
      if (receipt.file.starts_with("snapshots/")) {
        history.last_snapshot = receipt.received;
        history.snapshots[receipt.file.substr(std::string_view("snapshots/").size())] =
            receipt.received;
        (void)history.churn.received(FileType::snapshot, receipt.size, receipt.received);
      } else if (receipt.file.starts_with("data/") && receipt.client != kOwnClient) {
        // What was alarming then was said then.
        (void)history.churn.received(FileType::data, receipt.size, receipt.received);
      }
    }));
    if (policy_.read_key.empty()) return {};
    for (const FileType type : {FileType::index, FileType::snapshot}) {
      for (const FileInfo& file : TRY(files_in(folder_ / storage::folder_of(type)))) {
        history.uninspected.push_back({type, file.name});
      }
    }
    return {};
  });
}

std::optional<WallTime> RepositoryStore::received_at(const std::string& snapshot) const {
  return history_.with([&](const History& history) -> std::optional<WallTime> {
    const auto found = history.snapshots.find(snapshot);
    if (found == history.snapshots.end()) return std::nullopt;
    return found->second;
  });
}

void RepositoryStore::watch(const Upload& upload, WallTime received) {
  const auto alarm = history_.with([&](History& history) {
    history.last_received = received;
    const bool is_snapshot = upload.id.type == FileType::snapshot;
    if (is_snapshot) {
      history.last_snapshot = received;
      history.snapshots[upload.id.name] = received;
    }
    if (!policy_.read_key.empty() && (is_snapshot || upload.id.type == FileType::index) &&
        history.uninspected.size() < kUninspectedMax) {
      history.uninspected.push_back(upload.id);
    }
    return history.churn.received(upload.id.type, upload.announced_size, received);
  });
  if (alarm) raise(AlarmKind::churn, *alarm);
}

Standing RepositoryStore::standing() const {
  Standing standing = history_.with([&](const History& history) {
    Standing now{.last_received = history.last_received,
                 .last_snapshot = history.last_snapshot,
                 .new_share = history.churn.new_share()};
    if (policy_.retention && history.last_received) {
      now.locked_until = *history.last_received + *policy_.retention;
    }
    return now;
  });
  standing.usage = usage_.sums();
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(folder_ / kQuarantine, ignored)) {
    standing.quarantined += entry.is_regular_file(ignored) ? 1 : 0;
  }
  return standing;
}

Result<std::uint64_t> RepositoryStore::remove_lock(const std::string& name) {
  const Path path = path_of({FileType::lock, name});
  struct stat status{};
  if (::lstat(path.c_str(), &status) != 0) return fail_errno(errno, "locks/" + name);
  // Of two requests at once one removes it, and one finds nothing.
  TRY(around_.files.remove(path));
  const auto size = static_cast<std::uint64_t>(status.st_size);
  usage_.remove(FileType::lock, size);
  around_.whole.remove(FileType::lock, size);
  return size;
}

Result<std::uint64_t> RepositoryStore::remove(const FileId& id, Author author) {
  if (id.type == FileType::lock) return remove_lock(id.name);
  const std::lock_guard order(deletion_);
  const Path path = path_of(id);
  struct stat status{};
  if (::lstat(path.c_str(), &status) != 0) return fail_errno(errno, storage::describe(id));
  const auto size = static_cast<std::uint64_t>(status.st_size);
  for (int i = 0; i < kWeighedMax; ++i) {
    const std::vector<FileInfo> snapshots = TRY(list(FileType::snapshot));
    TRY(weigh(id, author, snapshots));
    const auto record = TRY(ReceiptLog::open(folder_ / kDeletions, around_.files));
    // A snapshot that came meanwhile may need it; none comes from here on.
    const std::lock_guard no_snapshot(first_snapshot_);
    if (!are_the_same(TRY(list(FileType::snapshot)), snapshots)) continue;
    TRY(record->append({around_.receive_clock.now(), storage::describe(id), size, ""}));
    TRY(around_.files.remove(path));
    TRY(around_.files.sync_folder(path.parent_path()));
    count_removed(id, size);
    return size;
  }
  return fail(ErrorKind::conflict, "snapshots come too fast to weigh what they need; try again");
}

bool RepositoryStore::is_released(const FileId& id) {
  return retention_.is_released(id, around_.receive_clock.expiry_now());
}

Result<bool> RepositoryStore::index_agrees(const std::string& name) {
  return TRY(inspector())->is_remembered(name);
}

Result<void> RepositoryStore::weigh(const FileId& id, Author author,
                                    const std::vector<FileInfo>& snapshots) {
  DeletionCase deletion{
      .id = id,
      .by = author == Author::vault ? DeletionCase::By::vault : DeletionCase::By::client,
      .now = around_.receive_clock.expiry_now(),
      .snapshots = snapshots,
      .needed = {}};
  if (id.type == FileType::parity) {
    deletion.needed = [this](const FileId& file) -> Result<bool> {
      return std::filesystem::exists(path_of({FileType::data, file.name}));
    };
  } else if (!policy_.read_key.empty()) {
    deletion.needed = [this](const FileId& file) -> Result<bool> {
      return TRY(inspector())->needs(file);
    };
  }
  return retention_.check(deletion);
}

void RepositoryStore::count_removed(const FileId& id, std::uint64_t size) {
  if (id.type == FileType::snapshot) {
    history_.with([&](History& history) { history.snapshots.erase(id.name); });
  }
  usage_.remove(id.type, size);
  around_.whole.remove(id.type, size);
}

Result<void> RepositoryStore::destroy() {
  destroyed_ = true;
  const UsageSums sums = usage_.sums();
  // The snapshots first: what is left of a destruction that was interrupted restores nothing.
  for (const std::string_view name :
       {std::string_view("snapshots"), std::string_view("index"), std::string_view("keys"),
        std::string_view("config"), std::string_view("locks"), std::string_view("data"),
        std::string_view("parity"), kQuarantine, kInspected, kDeletions, kReceipts, kIncoming}) {
    TRY(remove_tree(folder_ / name));
  }
  TRY(around_.files.sync_folder(folder_));
  around_.whole.forget(sums);
  std::error_code ignored;
  // Fails where another repository lies in the same folder.
  std::filesystem::remove(folder_, ignored);
  return {};
}

Result<Inspector*> RepositoryStore::inspector() {
  return inspector_.with([&](std::unique_ptr<Inspector>& opened) -> Result<Inspector*> {
    if (!opened) opened = TRY(Inspector::open(folder_, policy_.read_key));
    return opened.get();
  });
}

bool RepositoryStore::is_quarantined(const FileId& id) const {
  std::error_code ignored;
  return id.type == FileType::index &&
         std::filesystem::exists(folder_ / kQuarantine / id.name, ignored);
}

Result<void> RepositoryStore::quarantine(const std::string& name) {
  TRY(make_directories(folder_ / kQuarantine, 0700));
  const Path path = path_of({FileType::index, name});
  TRY(around_.files.rename_over(path, folder_ / kQuarantine / name));
  TRY(around_.files.sync_folder(folder_ / kQuarantine));
  return around_.files.sync_folder(path.parent_path());
}

Result<void> RepositoryStore::inspect_snapshot(Inspector& inside, const std::string& name) {
  if (inside.is_remembered(name)) return {};
  const WallTime received = received_at(name).value_or(around_.receive_clock.now());
  const auto problem = TRY(inside.check_snapshot(name, received));
  if (problem) {
    raise(AlarmKind::snapshot_time,
          fmt::format("{}: {}", storage::describe({FileType::snapshot, name}), *problem));
  }
  return inside.remember(name);
}

Result<void> RepositoryStore::inspect(const FileId& id) {
  std::error_code ignored;
  if (!std::filesystem::exists(path_of(id), ignored)) return {};
  Inspector* const inside = TRY(inspector());
  if (id.type == FileType::snapshot) return inspect_snapshot(*inside, id.name);
  const auto problem = TRY(inside->check_index(id.name));
  if (!problem) return {};
  const std::string file = storage::describe(id);
  raise(AlarmKind::index_disagrees, fmt::format("{} goes into quarantine: {}", file, *problem));
  return quarantine(id.name);
}

void RepositoryStore::report_inspection(const Result<void>& ended) {
  const bool is_news = history_.with([&](History& history) {
    if (!ended) history.inspection_due = around_.clock.steady_now() + kInspectionPause;
    return std::exchange(history.inspection_fails, !ended) != !ended;
  });
  if (!ended && is_news) {
    raise(AlarmKind::not_inspected,
          fmt::format("what arrives cannot be looked into, and is tried again: {}",
                      ended.error().message()));
  }
}

void RepositoryStore::inspect(const std::atomic<bool>& stop) {
  if (policy_.read_key.empty() || destroyed_) return;
  const std::vector<FileId> names = history_.with([&](History& history) {
    if (around_.clock.steady_now() < history.inspection_due) return std::vector<FileId>();
    return std::exchange(history.uninspected, {});
  });
  if (names.empty()) return;
  Result<void> ended;
  std::vector<FileId> again;
  // What is left at a stop is found again at the next start.
  for (const FileId& id : names) {
    if (stop) return;
    const auto done = inspect(id);
    if (done) continue;
    log::error("looking inside failed", {{"repository", name_},
                                         {"file", storage::describe(id)},
                                         {"error", done.error().message()}});
    ended = done;
    again.push_back(id);
  }
  if (!again.empty()) {
    history_.with([&](History& history) {
      history.uninspected.insert(history.uninspected.end(), again.begin(), again.end());
    });
  }
  report_inspection(ended);
}

bool RepositoryStore::mend_from_parity(const FileId& id) {
  if (id.type != FileType::data) return false;
  // One that comes or goes meanwhile must not be brought back.
  const std::lock_guard order(deletion_);
  const auto mended = mend(id.name);
  if (!mended && mended.error().kind() != ErrorKind::not_found) {
    log::error("mending failed", {{"repository", name_},
                                  {"file", storage::describe(id)},
                                  {"error", mended.error().message()}});
  }
  return mended.has_value();
}

void RepositoryStore::report_damage(const FileId& id, ScrubReport& report) {
  ++report.damaged;
  const std::string file = storage::describe(id);
  if (mend_from_parity(id)) {
    ++report.mended;
    raise(AlarmKind::damaged_file,
          file + " no longer hashed to its name, and was mended from its parity");
    return;
  }
  if (const auto brought = bring_back(id, Lack::damaged)) {
    ++report.mended;
    raise(AlarmKind::damaged_file,
          file + " was damaged, and was brought back from the object store");
    return;
  } else if (brought.error().kind() != ErrorKind::not_found) {
    log::error("bringing back failed",
               {{"repository", name_}, {"file", file}, {"error", brought.error().message()}});
  }
  raise(AlarmKind::damaged_file,
        id.type == FileType::parity
            ? file + " is damaged; while its pack is whole, nothing depends on it"
            : file + " no longer hashes to its name; a client that sends it again mends it");
}

Result<ScrubReport> RepositoryStore::scrub(int folder, const std::atomic<bool>& stop) {
  ScrubReport report;
  if (destroyed_) return report;
  const auto [type, place] = walked_folder(folder);
  for (const FileInfo& file : TRY(files_in(folder_ / place))) {
    if (stop) break;
    const auto whole = is_whole({type, file.name});
    // Deleted meanwhile, by right.
    if (!whole && whole.error().kind() == ErrorKind::not_found) continue;
    ++report.files;
    report.bytes += file.size;
    if (whole && *whole) continue;
    if (!whole) {
      log::error("scrubbing failed", {{"repository", name_},
                                      {"file", storage::describe({type, file.name})},
                                      {"error", whole.error().message()}});
    }
    report_damage({type, file.name}, report);
  }
  return report;
}

}  // namespace bulkhead::vault
