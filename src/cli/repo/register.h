// bulkhead repo init|backup|snapshots|ls|restore|check
#pragma once

#include "cli/command.h"

namespace bulkhead::cli::repo {

void register_repo(Command& root);

}  // namespace bulkhead::cli::repo
