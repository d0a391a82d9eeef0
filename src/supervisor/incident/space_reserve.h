// Disk space that is kept taken, so that there is some when the disk is full: whoever broke into a
// service can fill the disk that incidents are recorded on. Released when a record has no room and
// the compartments are frozen already, taken again when there is room. Not thread-safe.
#pragma once

#include "base/file.h"

namespace bulkhead::supervisor {

// Some hundred times what an incident's record, the exposures and the status page take.
inline constexpr std::uint64_t kReservedBytes = 16 * 1024 * 1024;

class SpaceReserve {
 public:
  explicit SpaceReserve(Path file) : file_(std::move(file)) {}

  // Takes the space where it is not taken and four times as much is free; kind limit where it is
  // not.
  Result<void> take();
  void release();

 private:
  Path file_;
  bool taken_ = false;
};

}  // namespace bulkhead::supervisor
