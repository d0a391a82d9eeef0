#include "crypto/scrypt.h"

#include <bit>

#include <fmt/format.h>
#include <openssl/evp.h>

namespace bulkhead::crypto {

Result<Secret> scrypt(ByteView password, ByteView salt, const ScryptCost& cost,
                      std::size_t output_size) {
  const auto [n, r, p] = cost;
  if (n < 2 || !std::has_single_bit(n) || r == 0 || p == 0) {
    return fail(ErrorKind::invalid,
                fmt::format("scrypt cost N={} r={} p={} is not valid", n, r, p));
  }
  // 128·N·r bytes; the first two comparisons keep the product from overflowing.
  if (n > kScryptMemoryMax || r > kScryptMemoryMax || n * r > kScryptMemoryMax / 128 ||
      p > kScryptParallelMax) {
    return fail(ErrorKind::limit,
                fmt::format("scrypt cost N={} r={} p={} is above what is accepted", n, r, p));
  }
  Secret output(output_size);
  // OpenSSL's default limit of 32 MiB is below what restic's older keys need.
  const std::uint64_t memory_max = 2 * kScryptMemoryMax;
  const int done =
      EVP_PBE_scrypt(as_text(password).data(), password.size(), salt.data(), salt.size(), n, r, p,
                     memory_max, output.bytes().data(), output.size());
  if (done != 1) return fail(ErrorKind::internal, "scrypt failed");
  return output;
}

}  // namespace bulkhead::crypto
