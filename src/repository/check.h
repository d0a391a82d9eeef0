// Is the repository whole? Without data: every index file can be read, every pack that an index
// names is there with exactly the right size, every snapshot's trees can be read and all blobs that
// they name are in the index. With data: every pack's digest, header and blobs too.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <vector>

#include "repository/data_subset.h"
#include "repository/repository.h"

namespace bulkhead::repository {

enum class ReadData { no, yes };

struct CheckProgress {
  std::uint64_t packs_done = 0;
  std::uint64_t packs_total = 0;  // to be read
  std::uint64_t bytes_done = 0;
  std::uint64_t bytes_total = 0;
};

struct CheckOptions {
  ReadData read_data = ReadData::no;
  DataSubset subset;  // of the packs, where data is read
  unsigned threads = 2;
  std::function<void(const CheckProgress&)> progress;  // one call at a time
  const std::atomic<bool>* cancel = nullptr;
};

struct CheckReport {
  std::uint64_t snapshots = 0;
  std::uint64_t trees = 0;
  std::uint64_t packs = 0;
  std::uint64_t packs_read = 0;
  std::uint64_t blobs = 0;
  std::vector<std::string> errors;
  // Nothing is lost by these: packs that no index names, as an interrupted backup leaves them.
  std::vector<std::string> hints;
  std::vector<PackId> broken_packs;  // sorted; repair_packs() is for them
  bool index_is_damaged = false;     // repair_index() is for it
  bool whole() const { return errors.empty(); }
};

// An error only where the check itself could not be done. Takes no lock, so that it can be run on
// what may only be read; hold a Lock (lock.h) where somebody might prune meanwhile.
Result<CheckReport> check(Repository& repository, const CheckOptions& options);

}  // namespace bulkhead::repository
