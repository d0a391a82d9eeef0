// A whole EPUB as somebody else made it: the ZIP container and everything in it that is parsed.
#include <cstddef>
#include <cstdint>

#include "services/publications/domain/book.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bulkhead::services::publications;
  const auto book = Book::from_bytes(bulkhead::Bytes(data, data + size));
  if (!book) return 0;
  for (const Chapter& chapter : book->chapters()) (void)book->resource(chapter.file);
  return 0;
}
