#include "analysis/canary.h"

#include <cstdint>

#include <fmt/format.h>

namespace bulkhead::analysis {
namespace {

constexpr std::size_t kCanaryRows = 40;

// FNV-1a, then a xorshift step a row: nobody has to be unable to guess the rows, since a canary
// that is put back as it was has still been touched.
std::uint64_t start_of(std::string_view seed, std::string_view service, std::string_view name) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const std::string_view part : {seed, service, name}) {
    for (const char character : part) {
      hash = (hash ^ static_cast<std::uint8_t>(character)) * 0x100000001b3;
    }
    hash = (hash ^ 0xff) * 0x100000001b3;
  }
  return hash | 1;
}

}  // namespace

std::string canary_content(std::string_view seed, std::string_view service, std::string_view name) {
  std::uint64_t state = start_of(seed, service, name);
  std::string content = "reference,holder,valid_until,code\n";
  for (std::size_t row = 0; row < kCanaryRows; ++row) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    content += fmt::format("R{:06},holder-{:03},20{:02}-{:02}-{:02},{:016x}\n", state % 1'000'000,
                           state / 7 % 1'000, 28 + state / 11 % 8, 1 + state / 13 % 12,
                           1 + state / 17 % 28, state);
  }
  return content;
}

}  // namespace bulkhead::analysis
