// Owns one file descriptor. Moving passes it on; the destructor closes it. Where a failed close
// would lose data, call close() and look at its result.
#pragma once

#include <utility>

#include "base/bytes.h"
#include "base/result.h"

namespace bulkhead {

class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int fd) : fd_(fd) {}
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    if (this != &other) {
      reset();
      fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
  }
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  ~FileDescriptor() { reset(); }

  bool valid() const { return fd_ >= 0; }
  int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }
  void reset();
  Result<void> close();

 private:
  int fd_ = -1;
};

// All of `bytes`, whatever the kernel takes at a time.
Result<void> write_all(int fd, ByteView bytes);
// Up to the end of the file; more than `limit` bytes is an error of kind limit.
Result<Bytes> read_to_end(int fd, std::size_t limit);
// At most out.size() bytes; 0 is the end.
Result<std::size_t> read_some(int fd, MutableByteView out);

}  // namespace bulkhead
