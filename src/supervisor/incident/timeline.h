// The file behind an incident: one JSON record a line, appended and synced before the caller goes
// on. Owned by one thread at a time. A line that a crash left unfinished was never acknowledged:
// open() cuts it off and says so, and any other damage is an error of kind corrupt.
#pragma once

#include <vector>

#include <sys/types.h>

#include "base/file.h"
#include "supervisor/incident/record.h"

namespace bulkhead::supervisor {

inline constexpr std::size_t kTimelineSizeMax = 64 * 1024 * 1024;

class Timeline {
 public:
  // Makes the file where there is none.
  static Result<Timeline> open(const Path& file);

  // Numbers the records and writes them with one sync. Where they cannot be written, a full disk
  // for one, the file is as before and they may be appended again. After a sync that failed nothing
  // more may be: what is on the disk is then unknown.
  Result<void> append(std::vector<Record> records);
  const std::vector<Record>& records() const { return records_; }
  // Bytes of an unfinished last line that open() cut off.
  std::size_t repaired() const { return repaired_; }

 private:
  explicit Timeline(Path path) : path_(std::move(path)) {}

  Path path_;
  FileDescriptor file_;
  std::vector<Record> records_;
  off_t size_ = 0;
  std::size_t repaired_ = 0;
  bool failed_ = false;
};

}  // namespace bulkhead::supervisor
