// Where a file lies until it is whole: in the repository's folder incoming/, under a name that is
// on the disk before anything is written into it. Once its bytes are synced it is therefore safe,
// and is found again after a power cut (RepositoryStore::open), whether or not its renaming has
// reached the disk. Names are made some at a time, which one sync of the folder covers.
#pragma once

#include <condition_variable>
#include <mutex>
#include <utility>
#include <vector>

#include "vault/file_layer.h"

namespace bulkhead::vault {

// One that is being written. Removed at its end, unless it was put in its place. Move-only.
class IncomingFile {
 public:
  IncomingFile(Path path, FileDescriptor file, FileLayer& files)
      : path_(std::move(path)), file_(std::move(file)), files_(&files) {}
  IncomingFile(IncomingFile&& other) noexcept
      : path_(std::move(other.path_)),
        file_(std::move(other.file_)),
        files_(std::exchange(other.files_, nullptr)) {}
  IncomingFile& operator=(IncomingFile&&) = delete;
  ~IncomingFile();

  const Path& path() const { return path_; }
  int file() const { return file_.get(); }
  // Read-only from here on, on the disk, and closed.
  Result<void> seal();
  // It was renamed: nothing is left to remove.
  void is_placed() { files_ = nullptr; }

 private:
  Path path_;
  FileDescriptor file_;
  FileLayer* files_;
};

// Thread-safe.
class IncomingFiles {
 public:
  IncomingFiles(Path folder, FileLayer& files) : folder_(std::move(folder)), files_(files) {}
  IncomingFiles(const IncomingFiles&) = delete;
  IncomingFiles& operator=(const IncomingFiles&) = delete;
  // Removes those that were not needed.
  ~IncomingFiles();

  Result<IncomingFile> take();

 private:
  Result<void> make_more(std::unique_lock<std::mutex>& lock);

  const Path folder_;
  FileLayer& files_;
  std::mutex mutex_;  // guards what follows
  std::vector<Path> ready_;
  std::size_t made_at_once_ = 1;
  bool making_ = false;
  std::condition_variable changed_;
};

}  // namespace bulkhead::vault
