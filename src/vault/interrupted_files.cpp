#include "vault/interrupted_files.h"

#include <cerrno>

#include <sys/stat.h>
#include <unistd.h>

namespace bulkhead::vault {

Result<void> InterruptedFiles::step() {
  const int call = calls_++;
  if (how_ == Interruption::disk_full) {
    if (call >= call_) return fail_errno(ENOSPC, "a full disk of the test");
    return {};
  }
  if (call != call_) return {};
  if (how_ != Interruption::kill) lose_what_is_not_synced();
  ::_exit(kCut);
}

void InterruptedFiles::lose_what_is_not_synced() {
  for (const auto& [file, unsynced] : open_) torn_[unsynced.path] = unsynced.synced_size;
  if (how_ == Interruption::power_cut) {
    for (auto renamed = renamed_.rbegin(); renamed != renamed_.rend(); ++renamed) {
      (void)::rename(renamed->to.c_str(), renamed->from.c_str());
    }
    // Not those that were renamed since, and whose new names were synced.
    for (const Path& path : created_) (void)::unlink(path.c_str());
  }
  for (const auto& [path, size] : torn_) (void)::truncate(path.c_str(), static_cast<off_t>(size));
}

void InterruptedFiles::note_synced(int file) {
  const auto found = open_.find(file);
  if (found == open_.end()) return;
  struct stat status{};
  if (::fstat(file, &status) != 0) return;
  found->second.synced_size = static_cast<std::uint64_t>(status.st_size);
  torn_.erase(found->second.path);
}

Result<FileDescriptor> InterruptedFiles::create(const Path& path) {
  TRY(step());
  FileDescriptor file = TRY(system_files().create(path));
  open_[file.get()] = {path, 0};
  created_.push_back(path);
  return file;
}

Result<FileDescriptor> InterruptedFiles::reopen(const Path& path) {
  TRY(step());
  FileDescriptor file = TRY(system_files().reopen(path));
  open_[file.get()] = {path, 0};
  return file;
}

Result<FileDescriptor> InterruptedFiles::open_log(const Path& path) {
  TRY(step());
  const bool is_new = !std::filesystem::exists(path);
  FileDescriptor file = TRY(system_files().open_log(path));
  open_[file.get()] = {path, 0};
  if (is_new) created_.push_back(path);
  note_synced(file.get());
  return file;
}

Result<void> InterruptedFiles::write(int file, ByteView bytes) {
  // Interrupted in the middle of it.
  if (calls_ >= call_) (void)system_files().write(file, bytes.first(bytes.size() / 2));
  TRY(step());
  return system_files().write(file, bytes);
}

Result<void> InterruptedFiles::seal(int file) {
  TRY(step());
  // Nothing really waits for the disk: what a power cut would lose is taken away by hand.
  if (::fchmod(file, kSealedMode) != 0) return fail_errno(errno, "sealing what was received");
  note_synced(file);
  return {};
}

Result<void> InterruptedFiles::sync_data(int file) {
  TRY(step());
  note_synced(file);
  return {};
}

Result<void> InterruptedFiles::rename_to_new(const Path& from, const Path& to) {
  TRY(step());
  TRY(system_files().rename_to_new(from, to));
  renamed_.push_back({from, to});
  return {};
}

Result<void> InterruptedFiles::rename_over(const Path& from, const Path& to) {
  TRY(step());
  // What was there before is gone with it: undoing would not bring it back, and the file that is
  // replaced was damaged.
  return system_files().rename_over(from, to);
}

Result<void> InterruptedFiles::sync_folder(const Path& folder) {
  TRY(step());
  ++folder_syncs_;
  std::erase_if(renamed_, [&](const Renamed& entry) { return entry.to.parent_path() == folder; });
  std::erase_if(created_, [&](const Path& path) { return path.parent_path() == folder; });
  return {};
}

Result<void> InterruptedFiles::remove(const Path& path) {
  TRY(step());
  return system_files().remove(path);
}

}  // namespace bulkhead::vault
