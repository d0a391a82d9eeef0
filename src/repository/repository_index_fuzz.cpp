// Index files: what was understood is written and understood the same again.
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "repository/index.h"
#include "repository/retired_packs.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bulkhead;
  using namespace bulkhead::repository;
  const auto packs = decode_index(as_text({data, size}));
  if (!packs) return 0;
  const auto again = decode_index(encode_index(*packs));
  CHECK(again && again->size() == packs->size());
  for (std::size_t i = 0; i < packs->size(); ++i) {
    CHECK((*again)[i].id == (*packs)[i].id && (*again)[i].blobs == (*packs)[i].blobs);
  }
  const auto retired = decode_retired(as_text({data, size}));
  if (!retired) return 0;
  const auto retired_again = decode_retired(encode_index_with_retired(*packs, *retired));
  CHECK(retired_again && retired_again->size() == retired->size());
  return 0;
}
