// How far a verb is that works in stages, such as prune: told now and then, one call at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

namespace bulkhead::repository {

struct StageProgress {
  std::string_view stage;   // "walking snapshots"; a literal
  std::string_view things;  // "trees": what is counted
  std::uint64_t done = 0;
  std::uint64_t total = 0;
  std::uint64_t bytes_done = 0;
  std::uint64_t bytes_total = 0;  // 0: bytes are not counted
  bool total_known = true;        // else the total still grows
};

using StageObserver = std::function<void(const StageProgress&)>;

}  // namespace bulkhead::repository
