// How much snapshots hold, counted in restic's four ways (its `stats`).
#pragma once

#include <string_view>
#include <vector>

#include "repository/repository.h"

namespace bulkhead::repository {

enum class CountMode {
  restore_size,       // every file of every snapshot; hard links once
  files_by_contents,  // files of equal contents once
  blobs_per_file,     // the blobs of such files, those that several share once for each path
  raw_data,           // every blob once, as it is stored
};
// "restore-size" and so on; kind invalid for others.
Result<CountMode> parse_count_mode(std::string_view text);
std::string_view name_of(CountMode mode);

struct Statistics {
  std::uint64_t snapshots = 0;
  std::uint64_t files = 0;  // nodes of any type with restore_size; not counted with raw_data
  std::uint64_t bytes = 0;
  std::uint64_t blobs = 0;               // with blobs_per_file and raw_data
  std::uint64_t uncompressed_bytes = 0;  // with raw_data
  // Of the compressed blobs alone: as stored, and as they would be stored otherwise.
  std::uint64_t compressed_bytes = 0;
  std::uint64_t bytes_if_uncompressed = 0;
};

Result<Statistics> count(Repository& repository, const std::vector<Snapshot>& snapshots,
                         CountMode mode);

}  // namespace bulkhead::repository
