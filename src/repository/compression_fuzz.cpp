// Frames of others: bounded memory, whatever they claim.
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "repository/compression.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bulkhead;
  using namespace bulkhead::repository;
  constexpr std::size_t kLimit = 1 << 20;
  const ByteView bytes(data, size);
  const auto content = decompress_up_to(bytes, kLimit);
  if (content) {
    CHECK(content->size() <= kLimit);
    CHECK(decompress_exactly(bytes, content->size()).has_value());
    Bytes frame(bytes.begin(), bytes.end());
    const auto in_place = content_in_place(frame, content->size());
    CHECK(!in_place || std::ranges::equal(*in_place, *content));
  }
  return 0;
}
