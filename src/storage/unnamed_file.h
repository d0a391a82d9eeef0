// A file that has no name yet: what is appended lies in the file system rather than in the
// process's memory, and is gone when nobody has named it by the end.
#pragma once

#include "base/file.h"
#include "base/mapped_file.h"

namespace bulkhead::storage {

// Not thread-safe.
class UnnamedFile {
 public:
  // In the file system of `folder`; where that has no files without names, or may not be written
  // to, in memory.
  static Result<UnnamedFile> create(const Path& folder);
  static Result<UnnamedFile> in_memory();

  Result<void> append(ByteView bytes);
  std::uint64_t size() const { return size_; }
  Result<MappedFile> map() const;

  // Whether name() can succeed.
  bool can_be_named() const { return kind_ == Kind::in_folder; }
  // Syncs it and gives it a name in the same file system. Kind conflict where the name is taken.
  Result<void> name(const Path& path) const;

 private:
  enum class Kind { in_folder, in_memory };
  UnnamedFile(FileDescriptor file, Kind kind) : file_(std::move(file)), kind_(kind) {}

  FileDescriptor file_;
  Kind kind_;
  std::uint64_t size_ = 0;
};

}  // namespace bulkhead::storage
