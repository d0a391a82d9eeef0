// The calls by which the vault changes its disk, and nothing else: what is stored goes through
// here, so that a test can end the program, or fail, at each one of them and look at what is left.
// An implementation is thread-safe.
#pragma once

#include "base/file.h"

namespace bulkhead::vault {

inline constexpr mode_t kSealedMode = 0400;

class FileLayer {
 public:
  virtual ~FileLayer() = default;
  // A new file for writing; kind conflict where the name is taken.
  virtual Result<FileDescriptor> create(const Path& path) = 0;
  // One that is there, for writing.
  virtual Result<FileDescriptor> reopen(const Path& path) = 0;
  // For appending, made where it is missing.
  virtual Result<FileDescriptor> open_log(const Path& path) = 0;
  virtual Result<void> write(int file, ByteView bytes) = 0;
  // Lets the disk begin with what was written, so that sealing waits for less. A hint: nothing
  // depends on it.
  virtual void begin_flushing(int file) = 0;
  // Read-only for everybody from here on, and on the disk.
  virtual Result<void> seal(int file) = 0;
  virtual Result<void> sync_data(int file) = 0;
  // Kind conflict where `to` is taken.
  virtual Result<void> rename_to_new(const Path& from, const Path& to) = 0;
  virtual Result<void> rename_over(const Path& from, const Path& to) = 0;
  virtual Result<void> sync_folder(const Path& folder) = 0;
  virtual Result<void> remove(const Path& path) = 0;
};

// The system's own calls. Lives as long as the program.
FileLayer& system_files();

}  // namespace bulkhead::vault
