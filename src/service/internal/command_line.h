// The command line of the service contract (docs/service-contract.md).
#pragma once

#include <optional>
#include <string_view>

#include "base/file.h"

namespace bulkhead::service::internal {

struct CommandLine {
  Path socket;
  Path data;
  Path config;        // may be empty
  Path audit_socket;  // may be empty
  bool help = false;
};

// Kind invalid, with what is wrong in one sentence.
Result<CommandLine> parse_command_line(int argc, char** argv);
std::string usage(std::string_view program);

}  // namespace bulkhead::service::internal
