// bulkhead estate create|check|start|status
#pragma once

#include "cli/command.h"

namespace bulkhead::cli::estate {

void register_estate(Command& root);

}  // namespace bulkhead::cli::estate
