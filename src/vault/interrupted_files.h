// For tests: the system's files until a chosen call, and then the end of the program, of the power,
// or of the disk.
#pragma once

#include <map>
#include <mutex>
#include <optional>

#include "vault/file_layer.h"

namespace bulkhead::vault {

enum class Interruption {
  kill,           // the process ends; what it gave to the kernel stays
  power_cut,      // what was not synced is lost: bytes, log lines, names new and changed
  unordered_cut,  // the bytes are lost, but names that were not synced yet are there
  disk_full,      // the call fails, a write after its half, and so does every later one
};

class InterruptedFiles final : public FileLayer {
 public:
  // At the call of this number, counted from 0. A killed or cut process ends by _exit(kCut).
  InterruptedFiles(Interruption how, int call) : how_(how), call_(call) {}
  static constexpr int kCut = 77;
  int folder_syncs() const { return folder_syncs_; }

  Result<FileDescriptor> create(const Path& path) override;
  Result<FileDescriptor> reopen(const Path& path) override;
  Result<FileDescriptor> open_log(const Path& path) override;
  Result<void> write(int file, ByteView bytes) override;
  void begin_flushing(int) override {}
  Result<void> seal(int file) override;
  Result<void> sync_data(int file) override;
  Result<void> rename_to_new(const Path& from, const Path& to) override;
  Result<void> rename_over(const Path& from, const Path& to) override;
  Result<void> sync_folder(const Path& folder) override;
  Result<void> remove(const Path& path) override;

 private:
  // Counts the call; ends the process, or answers the failure.
  Result<void> step();
  void lose_what_is_not_synced();
  void note_synced(int file);

  struct Unsynced {
    Path path;
    std::uint64_t synced_size = 0;
  };
  struct Renamed {
    Path from;
    Path to;
  };
  const Interruption how_;
  const int call_;
  int calls_ = 0;
  int folder_syncs_ = 0;
  std::map<int, Unsynced> open_;  // by descriptor
  std::map<Path, std::uint64_t> torn_;
  std::vector<Renamed> renamed_;  // whose folder was not synced since
  std::vector<Path> created_;     // likewise
};

}  // namespace bulkhead::vault
