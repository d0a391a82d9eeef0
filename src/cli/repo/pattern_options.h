// --exclude and --include with their files and case-blind forms, as several verbs take them.
#pragma once

#include "cli/command.h"

namespace bulkhead::cli::repo {

struct PatternOptions {
  std::vector<std::string> patterns;
  std::vector<std::string> any_case;
  std::vector<std::string> files;
  std::vector<std::string> files_any_case;
};

struct ChosenPatterns {
  std::vector<std::string> exact;
  std::vector<std::string> any_case;
};

// --NAME, --iNAME, --NAME-file, --iNAME-file; `letter` as in "-e".
void add_pattern_options(Command& command, const std::string& letter, const std::string& name,
                         PatternOptions& options, const std::string& help);
// Those given, and those in the files: one a line, # for comments, $NAME for variables.
Result<ChosenPatterns> read_patterns(const PatternOptions& options);

}  // namespace bulkhead::cli::repo
