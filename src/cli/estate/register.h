// bulkhead estate create|check|start|status
#pragma once

#include "cli/command.h"

namespace bulkhead::cli {

void register_estate(Command& root);

}  // namespace bulkhead::cli
