#include "base/random.h"

#include <cerrno>

#include <sys/random.h>

#include "base/check.h"

namespace bulkhead {

std::uint64_t Random::next_u64() {
  std::array<std::uint8_t, 8> raw;
  fill(raw);
  std::uint64_t value = 0;
  for (const std::uint8_t byte : raw) value = value << 8 | byte;
  return value;
}

std::uint64_t Random::below(std::uint64_t bound) {
  CHECK(bound != 0);
  // Values past the last whole multiple of `bound` would favour the small results.
  const std::uint64_t limit = UINT64_MAX - UINT64_MAX % bound;
  std::uint64_t value = next_u64();
  while (value >= limit) value = next_u64();
  return value % bound;
}

Bytes Random::bytes(std::size_t count) {
  Bytes out(count);
  fill(out);
  return out;
}

void SystemRandom::fill(MutableByteView out) {
  while (!out.empty()) {
    const ssize_t got = getrandom(out.data(), out.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    CHECK(got > 0);
    out = out.subspan(static_cast<std::size_t>(got));
  }
}

void SeededRandom::fill(MutableByteView out) {
  const std::lock_guard lock(mutex_);
  std::uint64_t word = 0;
  for (std::size_t i = 0; i < out.size(); ++i) {
    if (i % 8 == 0) word = engine_();
    out[i] = static_cast<std::uint8_t>(word);
    word >>= 8;
  }
}

}  // namespace bulkhead
