// Files that the build puts into the program itself (cmake/bulkhead_embed.cmake).
#pragma once

#include <span>
#include <string_view>

namespace bulkhead {

struct EmbeddedFile {
  std::string_view name;  // relative, with '/'
  std::string_view content;
};

// nullptr where there is no such file.
inline const EmbeddedFile* find_embedded(std::span<const EmbeddedFile> files,
                                         std::string_view name) {
  for (const EmbeddedFile& file : files) {
    if (file.name == name) return &file;
  }
  return nullptr;
}

}  // namespace bulkhead
