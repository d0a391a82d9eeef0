// When each dataset is due: pure, so that a test can say what time it is.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"

namespace bulkhead::supervisor {

class BackupSchedule {
 public:
  // Never: a period of zero. `last`: time of the newest snapshot; without one it is due at once.
  void add(std::string service, std::chrono::milliseconds every, std::optional<WallTime> last);
  // Those that are due; each is next due one period after `now`.
  std::vector<std::string> take_due(WallTime now);
  // Nothing where no service is ever due.
  std::optional<WallTime> next() const;

 private:
  struct Entry {
    std::chrono::milliseconds every;
    WallTime due;
  };
  std::map<std::string, Entry> entries_;
};

}  // namespace bulkhead::supervisor
