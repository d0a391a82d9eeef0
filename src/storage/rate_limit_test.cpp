#include "storage/internal/rate_limit.h"

#include <gtest/gtest.h>

namespace bulkhead::storage {
namespace {

using std::chrono::milliseconds;

TEST(RateLimit, LetsSoManyBytesGoInASecond) {
  RateLimit limit(1000);
  const RateLimit::Time begin{std::chrono::hours(1)};
  RateLimit::Time last{};
  for (int i = 0; i < 100; ++i) last = limit.reserve(100, begin);
  EXPECT_GE(last, begin + milliseconds(9900));
  EXPECT_LE(last, begin + milliseconds(10'000));
}

TEST(RateLimit, SavesNothingUpWhileNothingGoes) {
  RateLimit limit(1000);
  const RateLimit::Time begin{std::chrono::hours(1)};
  limit.reserve(1000, begin);
  const RateLimit::Time later = begin + std::chrono::hours(1);
  EXPECT_GE(limit.reserve(1000, later), later + milliseconds(900));
}

TEST(RateLimit, TakesPortionsThatSuitTheRate) {
  EXPECT_EQ(RateLimit(1024).portion(), 256u);
  EXPECT_EQ(RateLimit(80'000).portion(), 10'000u);
  EXPECT_EQ(RateLimit(std::uint64_t{1} << 40).portion(), std::size_t{64} << 10);
}

}  // namespace
}  // namespace bulkhead::storage
