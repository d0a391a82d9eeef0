// A file's bytes as memory, read-only. For files that nobody cuts short meanwhile: reading behind a
// new end would kill the process.
#pragma once

#include <utility>

#include "base/bytes.h"
#include "base/result.h"

namespace bulkhead {

class MappedFile {
 public:
  // The first `size` bytes of an open file, which may be closed afterwards.
  static Result<MappedFile> map(int fd, std::size_t size);
  MappedFile(MappedFile&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}
  MappedFile& operator=(MappedFile&&) = delete;
  ~MappedFile();

  ByteView bytes() const { return bytes_; }

 private:
  explicit MappedFile(ByteView bytes) : bytes_(bytes) {}
  ByteView bytes_;
};

}  // namespace bulkhead
