// A ZIP archive read with limits on everything that its author controls. All entries are looked at
// when it is opened; an archive that breaks a limit, or names a file outside itself, is refused as
// a whole (kinds limit and corrupt). Each read() opens the file anew, so const use is thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/file.h"

namespace bulkhead::services::publications {

inline constexpr std::uint64_t kArchiveSizeMax = 256ull * 1024 * 1024;
inline constexpr std::size_t kArchiveEntriesMax = 5000;
inline constexpr std::uint64_t kEntrySizeMax = 32ull * 1024 * 1024;
inline constexpr std::uint64_t kContentSizeMax = 512ull * 1024 * 1024;
// Uncompressed to compressed, for archives that unpack to more than 1 MiB.
inline constexpr std::uint64_t kCompressionRatioMax = 100;
inline constexpr std::size_t kEntryNameLengthMax = 512;

class Archive {
 public:
  static Result<Archive> open(const Path& file);
  static Result<Archive> from_bytes(Bytes bytes);

  // Names of the files in it, with their uncompressed sizes.
  const std::map<std::string, std::uint64_t, std::less<>>& entries() const { return entries_; }
  bool contains(std::string_view name) const { return entries_.contains(name); }
  // Kind not_found for a name that is not in it; corrupt for damaged data.
  Result<Bytes> read(std::string_view name) const;

 private:
  Archive() = default;
  Result<void> look_at_entries(std::uint64_t archive_size);

  Path file_;
  std::shared_ptr<const Bytes> bytes_;  // shared by copies of the archive, instead of file_
  std::map<std::string, std::uint64_t, std::less<>> entries_;
};

// Relative, '/' between segments, no "." or "..", no backslash, colon or control character: safe to
// join to a folder or to put into an address.
bool is_safe_entry_name(std::string_view name);

}  // namespace bulkhead::services::publications
