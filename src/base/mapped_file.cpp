#include "base/mapped_file.h"

#include <cerrno>

#include <sys/mman.h>

namespace bulkhead {

Result<MappedFile> MappedFile::map(int fd, std::size_t size) {
  if (size == 0) return MappedFile(ByteView());
  void* const address = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, fd, 0);
  if (address == MAP_FAILED) return fail_errno(errno, "mapping a file");
  return MappedFile(ByteView(static_cast<const std::uint8_t*>(address), size));
}

MappedFile::~MappedFile() {
  if (bytes_.empty()) return;
  ::munmap(const_cast<std::uint8_t*>(bytes_.data()), bytes_.size());
}

}  // namespace bulkhead
