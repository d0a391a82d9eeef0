// The words of a document's file. Files come from outside, and the programs that read them are
// large: the real extractor runs each in a sandbox of its own. Thread-safe.
#pragma once

#include <memory>
#include <string>

#include "base/file.h"

namespace bulkhead::services::imodocs {

class TextExtractor {
 public:
  virtual ~TextExtractor() = default;
  // UTF-8, pages separated by form feeds. Kind corrupt where the file is no readable PDF, limit
  // where it takes too long or has too much in it.
  virtual Result<std::string> extract(const Path& pdf) const = 0;
};

// pdftotext of Debian's poppler-utils, confined (src/sandbox/confine.h).
std::unique_ptr<TextExtractor> confined_pdftotext();

}  // namespace bulkhead::services::imodocs
