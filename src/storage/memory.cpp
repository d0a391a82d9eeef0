#include "storage/memory.h"

#include <algorithm>

#include <fmt/format.h>

#include "storage/file_names.h"

namespace bulkhead::storage {

Result<void> MemoryBackend::create() {
  return files_.with([](const auto& files) -> Result<void> {
    if (!files.contains(Key{FileType::config, ""})) return {};
    return fail(ErrorKind::conflict, "memory: holds a repository already");
  });
}

Result<void> MemoryBackend::save(const FileId& id, ByteView content) {
  TRY(require_file_name(id));
  return files_.with([&](auto& files) -> Result<void> {
    const auto [at, added] =
        files.try_emplace(Key{id.type, id.name}, Bytes(content.begin(), content.end()));
    if (added || std::ranges::equal(at->second, content)) return {};
    return fail(ErrorKind::conflict, describe(id) + " exists already with other content");
  });
}

Result<Bytes> MemoryBackend::load(const FileId& id) {
  TRY(require_file_name(id));
  return files_.with([&](const auto& files) -> Result<Bytes> {
    const auto at = files.find(Key{id.type, id.name});
    if (at == files.end()) return fail(ErrorKind::not_found, describe(id) + " does not exist");
    return at->second;
  });
}

Result<Bytes> MemoryBackend::load_part(const FileId& id, std::uint64_t offset,
                                       std::uint64_t length) {
  TRY(require_file_name(id));
  return files_.with([&](const auto& files) -> Result<Bytes> {
    const auto at = files.find(Key{id.type, id.name});
    if (at == files.end()) return fail(ErrorKind::not_found, describe(id) + " does not exist");
    const Bytes& content = at->second;
    if (offset > content.size() || length > content.size() - offset) {
      return fail(ErrorKind::corrupt, fmt::format("{} has {} bytes; {} at {} were asked for",
                                                  describe(id), content.size(), length, offset));
    }
    const auto start = content.begin() + static_cast<std::ptrdiff_t>(offset);
    return Bytes(start, start + static_cast<std::ptrdiff_t>(length));
  });
}

Result<FileInfo> MemoryBackend::stat(const FileId& id) {
  const Bytes content = TRY(load(id));
  return FileInfo{id.name, content.size()};
}

Result<std::vector<FileInfo>> MemoryBackend::list(FileType type) {
  return files_.with([&](const auto& files) {
    std::vector<FileInfo> found;
    for (const auto& [key, content] : files) {
      if (key.first == type) found.push_back({key.second, content.size()});
    }
    return found;
  });
}

Result<void> MemoryBackend::remove(const FileId& id) {
  TRY(require_file_name(id));
  return files_.with([&](auto& files) -> Result<void> {
    if (files.erase(Key{id.type, id.name}) == 1) return {};
    return fail(ErrorKind::not_found, describe(id) + " does not exist");
  });
}

Result<void> MemoryBackend::replace(const FileId& id, ByteView content) {
  TRY(require_file_name(id));
  overwrite(id, Bytes(content.begin(), content.end()));
  return {};
}

void MemoryBackend::overwrite(const FileId& id, Bytes content) {
  files_.with([&](auto& files) { files[Key{id.type, id.name}] = std::move(content); });
}

}  // namespace bulkhead::storage
