// scrypt (RFC 7914), by OpenSSL.
#pragma once

#include "base/result.h"
#include "crypto/secret.h"

namespace bulkhead::crypto {

struct ScryptCost {
  std::uint64_t n = 32768;
  std::uint64_t r = 8;
  std::uint64_t p = 1;
};

// A key file names its own cost, and may come from an attacker: what would take more memory than
// this is refused (kind limit) before any work is done.
inline constexpr std::uint64_t kScryptMemoryMax = std::uint64_t{1} << 30;
inline constexpr std::uint64_t kScryptParallelMax = 64;

// Kind invalid where the cost is not one of RFC 7914.
Result<Secret> scrypt(ByteView password, ByteView salt, const ScryptCost& cost,
                      std::size_t output_size);

}  // namespace bulkhead::crypto
