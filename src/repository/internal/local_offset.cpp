#include "repository/internal/local_offset.h"

#include <array>
#include <ctime>

namespace bulkhead::repository {
namespace {

std::chrono::minutes look_up(std::int64_t seconds) {
  static const bool zone_is_read = [] {
    ::tzset();
    return true;
  }();
  const auto moment = static_cast<time_t>(seconds);
  tm local{};
  if (!zone_is_read || ::localtime_r(&moment, &local) == nullptr) return std::chrono::minutes(0);
  return std::chrono::minutes(local.tm_gmtoff / 60);
}

}  // namespace

std::chrono::minutes local_offset(WallTime time) {
  // No zone changes its offset within a quarter of an hour; files of a folder share most of them,
  // and looking up takes a lock.
  constexpr std::int64_t kQuarter = 15 * 60;
  struct Known {
    std::int64_t quarter = INT64_MIN;
    std::chrono::minutes offset{};
  };
  thread_local std::array<Known, 64> cache;
  const std::int64_t seconds =
      std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
  const std::int64_t quarter = seconds / kQuarter - (seconds % kQuarter < 0 ? 1 : 0);
  Known& known = cache[static_cast<std::uint64_t>(quarter) % cache.size()];
  if (known.quarter != quarter) known = {quarter, look_up(seconds)};
  return known.offset;
}

}  // namespace bulkhead::repository
