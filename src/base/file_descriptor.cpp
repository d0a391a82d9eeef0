#include "base/file_descriptor.h"

#include <cerrno>

#include <fmt/format.h>
#include <unistd.h>

namespace bulkhead {

void FileDescriptor::reset() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

Result<void> FileDescriptor::close() {
  const int fd = release();
  // Linux has released the descriptor even where close() is interrupted.
  if (fd >= 0 && ::close(fd) != 0 && errno != EINTR) return fail_errno(errno, "closing a file");
  return {};
}

Result<void> write_all(int fd, ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      return fail_errno(errno, "writing");
    }
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return {};
}

Result<std::size_t> read_some(int fd, MutableByteView out) {
  while (true) {
    const ssize_t got = ::read(fd, out.data(), out.size());
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno != EINTR) return fail_errno(errno, "reading");
  }
}

Result<Bytes> read_to_end(int fd, std::size_t limit) {
  constexpr std::size_t kStep = 65536;
  Bytes out;
  while (true) {
    const std::size_t before = out.size();
    out.resize(before + kStep);
    const std::size_t got = TRY(read_some(fd, MutableByteView(out).subspan(before)));
    out.resize(before + got);
    if (out.size() > limit) {
      return fail(ErrorKind::limit, fmt::format("more than the limit of {} bytes", limit));
    }
    if (got == 0) return out;
  }
}

}  // namespace bulkhead
