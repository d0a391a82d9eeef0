#include "repository/internal/index_cache.h"

#include <cerrno>
#include <cstring>

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mapped_file.h"
#include "crypto/sha256.h"

namespace bulkhead::repository {
namespace {

// Header ‖ index names ‖ packs ‖ retired packs ‖ table ‖ tag. Everything in the machine's own byte
// order: a cache does not leave its machine, and the magic number tells another order.
struct Header {
  std::uint64_t magic = 0x31'58'44'4e'49'44'4b'42;  // "BKDINDX1", and the version of this form
  std::uint64_t index_names = 0;
  std::uint64_t packs = 0;
  std::uint64_t retired = 0;
  std::uint64_t blobs = 0;
};
constexpr std::size_t kTagSize = 32;
constexpr std::size_t kIdSize = PackId::kSize;
constexpr std::string_view kPurpose = "bulkhead index cache, first form";

Path file_of(const Path& folder) { return folder / kIndexCacheName; }

crypto::Sha256Digest tag_of(const crypto::Sha256Digest& content, const crypto::MasterKey& key) {
  // A digest of the key and of one more of fixed length: nothing can be appended to it.
  crypto::Sha256 tag;
  tag.update(as_bytes(kPurpose));
  tag.update(key.encrypt_part());
  tag.update(key.mac_k_part());
  tag.update(key.mac_r_part());
  tag.update(content);
  return tag.finish();
}

// Through a small buffer rather than the mapping, whose pages would all count as ours.
Result<void> require_authentic(int fd, std::uint64_t size, const crypto::MasterKey& key) {
  crypto::Sha256 digest;
  Bytes buffer(1 << 20);
  std::uint64_t left = size - kTagSize;
  while (left > 0) {
    const MutableByteView room(buffer.data(), std::min<std::uint64_t>(buffer.size(), left));
    const std::size_t got = TRY(read_some(fd, room));
    if (got == 0) return fail(ErrorKind::corrupt, "the file became shorter meanwhile");
    digest.update(room.first(got));
    left -= got;
  }
  crypto::Sha256Digest tag;
  const std::size_t got = TRY(read_some(fd, tag));
  if (got == tag.size() && equal_constant_time(tag, tag_of(digest.finish(), key))) return {};
  return fail(ErrorKind::corrupt, "it was not written for this repository, or was changed");
}

}  // namespace

Result<CachedIndex> read_index_cache(const Path& folder, const crypto::MasterKey& key) {
  const FileDescriptor file = TRY(open_file(file_of(folder), O_RDONLY | O_NOFOLLOW));
  struct stat status{};
  if (::fstat(file.get(), &status) != 0) return fail_errno(errno, file_of(folder).native());
  const auto size = static_cast<std::uint64_t>(status.st_size);
  if (size < sizeof(Header) + kTagSize) return fail(ErrorKind::corrupt, "the file is too short");
  TRY(require_authentic(file.get(), size, key));
  // Its time says when it was of use last; where that cannot be set, it only seems older.
  static_cast<void>(::futimens(file.get(), nullptr));
  auto mapping = std::make_shared<const MappedFile>(
      TRY_CONTEXT(MappedFile::map(file.get(), size), file_of(folder).native()));
  ByteView bytes = mapping->bytes().first(size - kTagSize);

  Header header;
  std::memcpy(&header, bytes.data(), sizeof header);
  if (header.magic != Header().magic)
    return fail(ErrorKind::corrupt, "the file is of another form");
  bytes = bytes.subspan(sizeof header);
  const std::uint64_t limit = size / kIdSize;
  if (header.index_names > limit || header.packs > limit || header.retired > limit ||
      header.blobs > limit ||
      bytes.size() != (header.index_names + header.packs + header.retired) * kIdSize +
                          BlobTable::bytes_of(header.blobs)) {
    return fail(ErrorKind::corrupt, "the file has another length than it says");
  }
  std::set<std::string> names;
  for (std::uint64_t i = 0; i < header.index_names; ++i, bytes = bytes.subspan(kIdSize)) {
    names.insert(names.end(), to_hex(bytes.first(kIdSize)));
  }
  std::vector<PackId> packs;
  packs.reserve(header.packs);
  for (std::uint64_t i = 0; i < header.packs; ++i, bytes = bytes.subspan(kIdSize)) {
    packs.push_back(PackId::from_bytes(bytes));
  }
  std::set<PackId> retired;
  for (std::uint64_t i = 0; i < header.retired; ++i, bytes = bytes.subspan(kIdSize)) {
    retired.insert(retired.end(), PackId::from_bytes(bytes));
  }
  BlobTable table = TRY(BlobTable::view(bytes, header.blobs, packs.size(), std::move(mapping)));
  return CachedIndex{std::move(names), std::move(packs), std::move(retired), std::move(table)};
}

Result<void> write_index_cache(const Path& folder, const crypto::MasterKey& key,
                               const std::set<std::string>& index_names,
                               const std::vector<PackId>& packs, const std::set<PackId>& retired,
                               const BlobTable& table) {
  TRY(make_directories(folder, 0700));
  // Beside it and then renamed; not synced, since a torn file is told by its tag.
  const Path temporary = folder / fmt::format(".index-{}.new", ::getpid());
  FileDescriptor file = TRY(open_file(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600));
  crypto::Sha256 digest;
  Bytes buffer;
  const auto put = [&](ByteView bytes) -> Result<void> {
    digest.update(bytes);
    return write_all(file.get(), bytes);
  };
  const Header header{.index_names = index_names.size(),
                      .packs = packs.size(),
                      .retired = retired.size(),
                      .blobs = table.size()};
  const auto* const head = reinterpret_cast<const std::uint8_t*>(&header);
  buffer.insert(buffer.end(), head, head + sizeof header);
  for (const std::string& name : index_names) {
    const Bytes id = TRY(from_hex(name));
    buffer.insert(buffer.end(), id.begin(), id.end());
  }
  for (const PackId& pack : packs) {
    buffer.insert(buffer.end(), pack.bytes().begin(), pack.bytes().end());
  }
  for (const PackId& pack : retired) {
    buffer.insert(buffer.end(), pack.bytes().begin(), pack.bytes().end());
  }
  auto written = put(buffer);
  if (written) written = put(table.bytes());
  if (written) written = write_all(file.get(), tag_of(digest.finish(), key));
  if (written) written = file.close();
  if (written && ::rename(temporary.c_str(), file_of(folder).c_str()) != 0) {
    written = fail_errno(errno, "renaming to " + file_of(folder).native());
  }
  if (!written) ::unlink(temporary.c_str());
  return written;
}

}  // namespace bulkhead::repository
