// Snapshots and locks, which are small JSON texts both.
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "repository/lock.h"
#include "repository/snapshot.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bulkhead;
  using namespace bulkhead::repository;
  const std::string_view text = as_text({data, size});
  const auto snapshot = decode_snapshot(text);
  if (snapshot) CHECK(decode_snapshot(encode_snapshot(*snapshot)).has_value());
  const auto lock = decode_lock(text);
  if (lock) CHECK(decode_lock(encode_lock(*lock)).has_value());
  return 0;
}
