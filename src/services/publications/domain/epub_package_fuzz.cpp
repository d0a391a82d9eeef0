// The XML files of an EPUB, each parser on the same bytes: container, package, navigation, NCX.
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "services/publications/domain/archive.h"
#include "services/publications/domain/navigation.h"
#include "services/publications/domain/package.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bulkhead::services::publications;
  const bulkhead::ByteView bytes(data, size);
  if (const auto file = parse_container(bytes)) CHECK(is_safe_entry_name(*file));
  if (const auto package = parse_package(bytes, "OPS/package.opf")) {
    for (const std::string& chapter : package->spine) CHECK(is_safe_entry_name(chapter));
  }
  for (const auto& entries :
       {parse_navigation_document(bytes, "OPS/nav.xhtml"), parse_ncx(bytes, "OPS/toc.ncx")}) {
    if (!entries) continue;
    for (const ContentsEntry& entry : *entries) {
      CHECK(entry.file.empty() || is_safe_entry_name(entry.file));
    }
  }
  return 0;
}
