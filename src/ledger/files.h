// The few things that the ledger does with a disk, so that a test can fail or end each of them.
// Names are relative, with '/'. One thread may append to a file and begin it, while another does
// the rest to other files.
#pragma once

#include <atomic>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "base/file.h"

namespace bulkhead::ledger {

class Files {
 public:
  struct NewFile {
    std::string name;
    Bytes content;
  };

  virtual ~Files() = default;
  // Kind not_found where there is none, kind limit where it is longer.
  virtual Result<Bytes> read(const std::string& name, std::size_t size_max) = 0;
  // The names in a folder, sorted; none where there is no such folder.
  virtual Result<std::vector<std::string>> list(const std::string& folder) = 0;
  // Each whole under its name, in place of what was there, and on disk when this returns. After a
  // crash or an error any of them may be there, but never a part of one.
  virtual Result<void> put(std::span<const NewFile> files) = 0;
  // To the end of a file that put() made; on disk when this returns. After a crash or an error any
  // part of it may be there.
  virtual Result<void> append(const std::string& name, ByteView content) = 0;
  // A file, or a folder with all in it; what is not there is no error. Need not be on disk yet when
  // this returns.
  virtual Result<void> remove(const std::string& name) = 0;
};

class LocalFiles final : public Files {
 public:
  explicit LocalFiles(Path folder) : folder_(std::move(folder)) {}

  Result<Bytes> read(const std::string& name, std::size_t size_max) override;
  Result<std::vector<std::string>> list(const std::string& folder) override;
  Result<void> put(std::span<const NewFile> files) override;
  Result<void> append(const std::string& name, ByteView content) override;
  Result<void> remove(const std::string& name) override;
  // How often the disk was waited for.
  std::uint64_t syncs() const { return syncs_; }

 private:
  Result<void> make_folder(const Path& folder);
  Result<void> sync_folder(const Path& folder);
  Result<void> sync_whole(FileDescriptor file, const std::string& name);
  void forget_appended(const std::string& name);

  const Path folder_;
  std::atomic<std::uint64_t> syncs_{0};
  std::mutex mutex_;          // guards appended_
  std::string appended_;      // to which file `append_to_` belongs
  FileDescriptor append_to_;  // of who appends alone
};

}  // namespace bulkhead::ledger
