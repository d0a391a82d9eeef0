// What an EPUB says about itself: META-INF/container.xml names the package file (EPUB Open
// Container Format 3.3, section 3), the package file holds metadata, manifest and spine (EPUB 3.3,
// section 5; EPUB 2 differs in how it names cover and contents, and both are read).
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace bulkhead::services::publications {

inline constexpr std::size_t kManifestItemsMax = 10'000;
inline constexpr std::size_t kSpineItemsMax = 5000;

struct ManifestItem {
  std::string file;  // within the archive
  std::string media_type;
};

struct Metadata {
  std::string identifier;
  std::string title;
  std::vector<std::string> creators;
  std::string language;  // BCP 47, as the book says
  std::string publisher;
  std::string date;  // as the book says: "2026", "2026-09", "2026-09-30"…
  std::string description;
  std::string rights;
  std::vector<std::string> subjects;
};

enum class PageProgression { by_language, left_to_right, right_to_left };

struct Package {
  Metadata metadata;
  std::vector<ManifestItem> items;  // each file once
  std::vector<std::string> spine;   // files in reading order, each once
  std::string navigation_file;      // EPUB 3; "" where there is none
  std::string ncx_file;             // EPUB 2; "" where there is none
  std::string cover_file;           // an image; "" where there is none
  PageProgression page_progression = PageProgression::by_language;

  // "" for a file that the manifest does not list.
  std::string media_type_of(std::string_view file) const;
};

// The package file's name.
Result<std::string> parse_container(ByteView container_xml);
// `file` is the package file's name, to which the names in it are relative.
Result<Package> parse_package(ByteView package_xml, std::string_view file);

}  // namespace bulkhead::services::publications
