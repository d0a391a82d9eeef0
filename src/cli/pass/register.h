// bulkhead pass issue
#pragma once

#include "cli/command.h"

namespace bulkhead::cli::pass {

void register_pass(Command& root);

}  // namespace bulkhead::cli::pass
