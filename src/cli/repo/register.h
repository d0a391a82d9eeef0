// bulkhead repo VERB, one verb a file; docs/repository.md lists them.
#pragma once

#include "cli/command.h"

namespace bulkhead::cli::repo {

void register_repo(Command& root);

}  // namespace bulkhead::cli::repo
