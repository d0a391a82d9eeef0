// Unix sockets: the address of a path, and a stream that gives up.
#pragma once

#include <chrono>

#include <sys/un.h>

#include "base/file.h"
#include "base/file_descriptor.h"
#include "base/result.h"

namespace bulkhead {

// Kind limit for a path that sockaddr_un cannot hold (107 bytes), kind invalid for an empty one.
Result<sockaddr_un> unix_address(const Path& path);

// Not connected yet. Connecting, reading and writing fail with EAGAIN after `time_max` each.
Result<FileDescriptor> make_unix_stream(std::chrono::milliseconds time_max);

}  // namespace bulkhead
