// A book's contents list: the EPUB 3 navigation document (<nav epub:type="toc">) or the EPUB 2 NCX.
// It is kept flat, each entry with its depth, since that is how it is shown and never how deep a
// book's author chose to nest it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace bulkhead::services::publications {

inline constexpr std::size_t kContentsEntriesMax = 5000;
inline constexpr int kContentsDepthMax = 6;  // deeper entries are left out

struct ContentsEntry {
  std::string title;
  std::string file;      // within the archive; "" for a heading that leads nowhere
  std::string fragment;  // without '#'
  int depth = 0;
};

// `file` is the parsed file's own name, to which the links in it are relative.
Result<std::vector<ContentsEntry>> parse_navigation_document(ByteView xhtml, std::string_view file);
Result<std::vector<ContentsEntry>> parse_ncx(ByteView ncx, std::string_view file);

}  // namespace bulkhead::services::publications
