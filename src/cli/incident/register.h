// bulkhead incident list|show|declare|recover|close
#pragma once

#include "cli/command.h"

namespace bulkhead::cli::incident {

void register_incident(Command& root);

}  // namespace bulkhead::cli::incident
