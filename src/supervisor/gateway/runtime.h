// HAProxy's runtime socket: one command line out, its answer back. Stateless and thread-safe; each
// call connects anew, which takes some 50 microseconds.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/file.h"
#include "base/result.h"

namespace bulkhead::supervisor {

class GatewayRuntime {
 public:
  // A path short enough for a socket: relative to the working directory of the process.
  explicit GatewayRuntime(Path socket) : socket_(std::move(socket)) {}

  // Kind unavailable where HAProxy does not answer within the time.
  Result<std::string> ask(std::string_view command,
                          std::chrono::milliseconds time_max = std::chrono::seconds(2)) const;
  // For commands that answer nothing on success: whatever they say is the error.
  Result<void> tell(std::string_view command) const;

 private:
  Path socket_;
};

}  // namespace bulkhead::supervisor
