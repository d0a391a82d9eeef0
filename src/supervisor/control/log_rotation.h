// Keeps logs/ bounded: a log that has grown past kLogSizeMax is copied to NAME.1.log, which
// replaces the one before, and emptied. The writers (services, gateway, vault) hold their files
// open for appending, so that the file stays theirs; lines written during the copy may be lost.
#pragma once

#include <cstdint>

#include "base/file.h"
#include "base/periodic_task.h"

namespace bulkhead::supervisor {

inline constexpr std::uint64_t kLogSizeMax = 64ull << 20;

// What the thread does each minute, in one go: NAME.log files of `folder` beyond `size_max`.
Result<void> rotate_logs(const Path& folder, std::uint64_t size_max);

class LogRotation {
 public:
  explicit LogRotation(Path folder);

 private:
  PeriodicTask task_;
};

}  // namespace bulkhead::supervisor
