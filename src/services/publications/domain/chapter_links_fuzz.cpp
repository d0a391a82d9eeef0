// Rewriting a chapter's links: the text around them stays, and what is rewritten is rewritten once.
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "base/check.h"
#include "services/publications/domain/chapter_links.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bulkhead::services::publications;
  const std::string_view text = bulkhead::as_text(bulkhead::ByteView(data, size));
  CHECK(with_chapter_links(text, "OPS/one.xhtml", [](auto, auto) { return ""; }) == text);
  const auto rewrite = [](std::string_view xhtml) {
    return with_chapter_links(xhtml, "OPS/one.xhtml", [](auto, auto) { return "https://x/"; });
  };
  const std::string once = rewrite(text);
  CHECK(rewrite(once) == once);
  return 0;
}
