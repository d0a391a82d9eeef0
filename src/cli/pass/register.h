// bulkhead pass issue
#pragma once

#include "cli/command.h"

namespace bulkhead::cli {

void register_pass(Command& root);

}  // namespace bulkhead::cli
