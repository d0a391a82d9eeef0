// Parity files: whatever is in one, a rebuilt pack is the pack that was asked for or an error.
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "repository/parity.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bulkhead;
  using namespace bulkhead::repository;
  constexpr std::size_t kMagicSize = 8;
  const ByteView file(data, size);
  if (size < kMagicSize + PackId::kSize) return 0;
  // The pack that the file says it is for, so that more than its first lines are looked at.
  const PackId id = PackId::from_bytes(file.subspan(kMagicSize, PackId::kSize));
  static_cast<void>(parity_is_whole(id, file));
  const auto rebuilt = rebuild_pack(id, {}, file);
  CHECK(!rebuilt || PackId::of(*rebuilt) == id);
  return 0;
}
