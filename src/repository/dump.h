// Files out of a snapshot as a stream: one file's content, or a folder as an archive (restic's
// `dump`). Blobs are loaded ahead by several threads and given out in order.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "repository/backup.h"
#include "repository/repository.h"

namespace bulkhead::repository {

using ByteSink = std::function<Result<void>(ByteView)>;

// Kind invalid for what is not a file.
Result<void> dump_file(Repository& repository, const Node& file, const ByteSink& sink);

enum class ArchiveFormat { tar, zip };

struct DumpReport {
  std::uint64_t entries = 0;
  // What archives of this kind cannot hold: sockets, and devices and fifos in a zip.
  std::vector<std::string> left_out;
};

// All below `tree`, with names that begin with `prefix` ("" or "srv/data"). A tar is in pax format:
// names of any bytes, times to the nanosecond, hard links, attributes and access lists; a zip holds
// names, contents, modes, links and times alone. Stops at the first error: half an archive is none.
Result<DumpReport> dump_archive(Repository& repository, const BlobId& tree,
                                const std::string& prefix, ArchiveFormat format,
                                const ByteSink& sink);

}  // namespace bulkhead::repository
