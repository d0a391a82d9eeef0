// What to back up, where it is not all on the command line: lists of paths in files.
#pragma once

#include "cli/command.h"

namespace bulkhead::cli::repo {

struct TargetOptions {
  std::vector<std::string> paths;
  std::vector<std::string> files_from;           // patterns, one a line, # for comments
  std::vector<std::string> files_from_verbatim;  // paths, one a line
  std::vector<std::string> files_from_raw;       // paths, each ended by a NUL
};

void add_target_options(Command& command, TargetOptions& options);
// "-" among the files is standard input. Patterns that fit nothing are said on standard error.
Result<std::vector<std::string>> read_targets(const TargetOptions& options);

}  // namespace bulkhead::cli::repo
