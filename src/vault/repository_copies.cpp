// A repository's folder and its locked copies in the object store: what one lacks, the other gives.
#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "base/log.h"
#include "repository/parity.h"
#include "storage/file_names.h"
#include "vault/repository_files.h"
#include "vault/repository_store.h"

namespace bulkhead::vault {
namespace {

using storage::FileId;
using storage::FileInfo;
using storage::FileType;

constexpr FileType kRebuilt[] = {FileType::config, FileType::key,   FileType::data,
                                 FileType::parity, FileType::index, FileType::snapshot};

// "snapshots/3f2a…", as receipts name files.
std::optional<FileId> parse_file(const std::string& text) {
  if (text == storage::folder_of(FileType::config)) return FileId{FileType::config, ""};
  for (const FileType type : kRebuilt) {
    const std::string head = std::string(storage::folder_of(type)) + "/";
    if (!text.starts_with(head) || type == FileType::config) continue;
    FileId id{type, text.substr(head.size())};
    if (storage::is_file_name(id.name)) return id;
  }
  return std::nullopt;
}

// What has a receipt so new may be on its way to its place.
constexpr std::chrono::hours kOnItsWay{1};

bool is_there(const Path& path) {
  std::error_code ignored;
  return std::filesystem::exists(std::filesystem::symlink_status(path, ignored));
}

}  // namespace

struct RepositoryStore::Rebuilding {
  Absent absent;
  RebuildReport report;
};

Result<bool> RepositoryStore::is_its_own(const FileId& id, ByteView content) {
  if (id.type == FileType::config) return true;
  if (id.type == FileType::parity) {
    return repository::parity_is_whole(TRY(repository::PackId::from_hex(id.name)), content);
  }
  return to_hex(crypto::sha256(content)) == id.name;
}

Result<std::uint64_t> RepositoryStore::bring_back(const FileId& id, Lack lack) {
  if (around_.copies == nullptr) return fail(ErrorKind::not_found, "there is no object store");
  const Bytes content =
      TRY(around_.copies->load(name_, id, [&](ByteView bytes) { return is_its_own(id, bytes); }));
  // One that was deleted while it was fetched must not come back.
  const std::lock_guard order(deletion_);
  const bool is_missing = !is_there(path_of(id));
  if (lack == Lack::damaged && is_missing) {
    return fail(ErrorKind::not_found, storage::describe(id) + " was deleted meanwhile");
  }
  TRY(put_in_place(id, content));
  if (is_missing) {
    usage_.add(id.type, content.size());
    around_.whole.add(id.type, content.size());
  }
  return content.size();
}

Result<void> RepositoryStore::keep_copy(const FileInfo& file, FileType type, CopyReport& report) {
  const FileId id{type, file.name};
  const auto kept = around_.copies->keep(name_, id, path_of(id),
                                         [&](ByteView bytes) { return is_its_own(id, bytes); });
  if (kept) {
    ++report.files;
    report.extended += *kept == CopyOutcome::extended ? 1 : 0;
    if (*kept != CopyOutcome::copied) return {};
    ++report.copied;
    report.bytes += file.size;
    return {};
  }
  // Deleted meanwhile, by right.
  if (!is_there(path_of(id))) return {};
  if (kept.error().kind() == ErrorKind::unavailable) return std::unexpected(kept.error());
  ++report.files;
  // The others of the folder may fail for the same reason.
  if (report.failed++ == 0) {
    log::error("a file was not copied into the object store", {{"repository", name_},
                                                               {"file", storage::describe(id)},
                                                               {"error", kept.error().message()}});
  }
  return {};
}

Result<CopyReport> RepositoryStore::keep_copies(int folder, const std::atomic<bool>& stop) {
  CopyReport report;
  if (destroyed_ || around_.copies == nullptr) return report;
  if (folder == kWalkedFolders) {
    TRY(find_missing(report, stop));
    return report;
  }
  if (folder == 0 && is_there(path_of({FileType::config, ""}))) {
    TRY(keep_copy({}, FileType::config, report));
  }
  const auto [type, place] = walked_folder(folder);
  for (const FileInfo& file : TRY(files_in(folder_ / place))) {
    if (stop) break;
    TRY(keep_copy(file, type, report));
  }
  return report;
}

Result<RepositoryStore::Absent> RepositoryStore::absent_files() const {
  std::map<std::string, WallTime> received;
  const WallTime newest = around_.receive_clock.now() - kOnItsWay;
  TRY(for_each_receipt(folder_ / kReceipts, 0, [&](const Receipt& receipt) {
    const auto id = parse_file(receipt.file);
    if (!id || receipt.received > newest) return;
    if (!is_there(path_of(*id)) && !is_quarantined(*id)) {
      received[receipt.file] = receipt.received;
    }
  }));
  Absent absent;
  const auto read = for_each_receipt(folder_ / kDeletions, 0, [&](const Receipt& deletion) {
    const auto id = parse_file(deletion.file);
    if (!id || is_there(path_of(*id))) return;
    const auto found = received.find(deletion.file);
    // It came again after it had been deleted.
    if (found != received.end() && found->second > deletion.received) return;
    absent.deleted.insert(deletion.file);
  });
  if (!read && read.error().kind() != ErrorKind::not_found) return std::unexpected(read.error());
  for (const auto& [file, time] : received) {
    if (!absent.deleted.contains(file)) absent.gone.insert(file);
  }
  return absent;
}

Result<void> RepositoryStore::find_missing(CopyReport& report, const std::atomic<bool>& stop) {
  const Absent absent = TRY(absent_files());
  std::string first;
  std::string lost;
  Result<void> ended;
  for (const std::string& file : absent.gone) {
    if (stop) break;
    const FileId id = *parse_file(file);
    const auto brought = bring_back(id, Lack::missing);
    if (brought) {
      if (report.brought_back++ == 0) first = file;
      if (id.type == FileType::index && !policy_.read_key.empty()) {
        history_.with([&](History& history) { history.uninspected.push_back(id); });
      }
      continue;
    }
    const ErrorKind kind = brought.error().kind();
    if (kind == ErrorKind::unavailable) {
      ended = std::unexpected(brought.error());
      break;
    }
    // Received, and not acknowledged: the vault stopped before it was in the store.
    if (kind == ErrorKind::not_found) continue;
    if (report.failed++ == 0) lost = brought.error().message();
  }
  if (report.brought_back > 0) {
    raise(AlarmKind::damaged_file,
          fmt::format("{} files were gone from the folder, and were brought back from the object "
                      "store, such as {}",
                      report.brought_back, first));
  }
  if (!lost.empty()) {
    raise(AlarmKind::damaged_file,
          fmt::format("{} files are gone from the folder, and could not be brought back: {}",
                      report.failed, lost));
  }
  return ended;
}

Result<void> RepositoryStore::rebuild(const FileId& id, std::uint64_t size, Rebuilding& state) {
  const std::string file = storage::describe(id);
  const bool was_there = is_there(path_of(id));
  if (was_there) {
    if (const auto whole = is_whole(id); whole && *whole) {
      ++state.report.there;
      return {};
    }
  }
  if (is_quarantined(id) || state.absent.deleted.contains(file)) {
    ++state.report.left_out;
    return {};
  }
  // The receipt before the name, as for what is received; it was received before, too, if there is
  // one of it.
  if (!was_there && !state.absent.gone.contains(file)) {
    TRY(receipts_->append({around_.receive_clock.now(), file, size, "object store"}));
  }
  const auto brought = bring_back(id, was_there ? Lack::damaged : Lack::missing);
  if (brought) {
    ++state.report.brought_back;
    state.report.bytes += *brought;
    return {};
  }
  const ErrorKind kind = brought.error().kind();
  if (kind != ErrorKind::corrupt && kind != ErrorKind::not_found) {
    return std::unexpected(brought.error());
  }
  ++state.report.lost;
  log::error("a file could not be rebuilt",
             {{"repository", name_}, {"file", file}, {"error", brought.error().message()}});
  return {};
}

Result<RebuildReport> RepositoryStore::rebuild(std::optional<WallTime> before) {
  if (around_.copies == nullptr) {
    return fail(ErrorKind::invalid, "the configuration names no [object_store]");
  }
  Rebuilding state{.absent = TRY(absent_files()), .report = {}};
  // In such an order that what is there at any time is whole.
  for (const FileType type : kRebuilt) {
    std::vector<storage::LockedVersion> oldest = TRY(around_.copies->versions(name_, type));
    const auto same = [](const auto& a, const auto& b) { return a.name == b.name; };
    oldest.erase(std::unique(oldest.begin(), oldest.end(), same), oldest.end());
    std::ranges::sort(oldest, {}, &storage::LockedVersion::stored);
    std::size_t taken = 0;
    for (const storage::LockedVersion& one : oldest) {
      // Whoever has the store's key may have added keys, on which every restic would spend its
      // time.
      const bool is_one_too_many = type == FileType::key && taken >= policy_.limits.keys_max;
      if (is_one_too_many || (before && one.stored >= *before)) {
        ++state.report.left_out;
        continue;
      }
      ++taken;
      TRY(rebuild({type, one.name}, one.size, state));
    }
  }
  return state.report;
}

}  // namespace bulkhead::vault
