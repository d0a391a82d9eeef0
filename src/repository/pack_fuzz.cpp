// Pack headers: what was understood is written back to the same bytes.
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "repository/pack.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bulkhead;
  using namespace bulkhead::repository;
  const ByteView bytes(data, size);
  const auto blobs = decode_pack_header(bytes);
  if (blobs) {
    const Bytes again = encode_pack_header(*blobs);
    CHECK(again.size() == size && std::equal(again.begin(), again.end(), data));
  }
  // And whole files, which no longer authenticate.
  static const crypto::MasterKey key = crypto::MasterKey::from_bytes(Bytes(64, 1)).value();
  const auto refused = read_pack_header(bytes, key);
  static_cast<void>(refused);
  return 0;
}
