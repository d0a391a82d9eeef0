// Any text that a visitor types is a query: it finds something or nothing, and is never an error.
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "search/index.h"

namespace {

using bulkhead::search::Index;

// One index for all inputs; its folder is removed at the end of the process.
Index& index() {
  static const auto folder = bulkhead::TemporaryDirectory::create("search-fuzz");
  static const auto opened = [] {
    CHECK(folder);
    auto made = Index::open(folder->path() / "index");
    CHECK(made);
    CHECK((*made)->put({.id = "1", .language = "en", .title = "Ships", .text = "ships at sea"}));
    CHECK((*made)->put({.id = "2", .language = "zh", .title = "船舶", .text = "海上安全"}));
    CHECK((*made)->commit());
    return std::move(*made);
  }();
  return *opened;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static constexpr const char* kLanguages[] = {"en", "fr", "es", "ar", "zh", "ru"};
  if (size == 0) return 0;
  const std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto answer = index().search({.text = text, .language = kLanguages[data[0] % 6]});
  CHECK(answer);
  CHECK(answer->total <= 2);
  return 0;
}
