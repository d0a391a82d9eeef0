#include "storage/backend.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/text.h"
#include "storage/file_names.h"
#include "storage/local.h"
#include "storage/rest.h"
#include "storage/s3.h"

namespace bulkhead::storage {

std::string_view folder_of(FileType type) {
  switch (type) {
    case FileType::config: return "config";
    case FileType::key: return "keys";
    case FileType::lock: return "locks";
    case FileType::snapshot: return "snapshots";
    case FileType::index: return "index";
    case FileType::data: return "data";
    case FileType::parity: return "parity";
  }
  return "";
}

std::string describe(const FileId& id) {
  if (id.type == FileType::config) return "config";
  return fmt::format("{}/{}", folder_of(id.type), id.name);
}

// Where it waits to be sent.
Result<UnnamedFile> Backend::begin_file() {
  std::error_code error;
  const Path folder = std::filesystem::temp_directory_path(error);
  return error ? UnnamedFile::in_memory() : UnnamedFile::create(folder);
}

Result<void> Backend::save_file(const FileId& id, const UnnamedFile& file) {
  const MappedFile mapped = TRY(file.map());
  return save(id, mapped.bytes());
}

Result<void> Backend::load_part_into(const FileId& id, std::uint64_t offset, MutableByteView out) {
  const Bytes bytes = TRY(load_part(id, offset, out.size()));
  std::ranges::copy(bytes, out.begin());
  return {};
}

Result<void> Backend::replace(const FileId& id, ByteView content) {
  const auto removed = remove(id);
  if (!removed && removed.error().kind() != ErrorKind::not_found) return removed;
  return save(id, content);
}

bool is_file_name(std::string_view name) {
  return name.size() == kFileNameLength && std::ranges::all_of(name, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

Result<void> require_file_name(const FileId& id) {
  const bool fits = id.type == FileType::config ? id.name.empty() : is_file_name(id.name);
  if (fits) return {};
  return fail(ErrorKind::invalid,
              fmt::format("\"{}\" is not a name of a file in {}", id.name, folder_of(id.type)));
}

Result<std::unique_ptr<Backend>> open_backend(std::string_view location,
                                              const OpenOptions& options) {
  if (location.starts_with("rest:")) return open_rest(location.substr(5), options);
  if (location.starts_with("local:")) return open_local(location.substr(6));
  if (location.starts_with("s3:")) return open_s3(location.substr(3), options);
  constexpr std::array<std::string_view, 7> kOtherSchemes = {"sftp",  "b2",     "azure", "gs",
                                                             "swift", "rclone", "http"};
  if (const auto parts = split_once(location, ':')) {
    if (std::ranges::find(kOtherSchemes, parts->first) != kOtherSchemes.end()) {
      return fail(ErrorKind::invalid,
                  fmt::format("repositories of kind \"{}:\" are not known; use a folder, "
                              "local:FOLDER, rest:URL or s3:URL",
                              parts->first));
    }
  }
  return open_local(location);
}

}  // namespace bulkhead::storage
