// bulkhead vault enrol client|officer|key, officer-key, destroy, cancel, accept-clock, status,
// mirror
#pragma once

#include "cli/command.h"

namespace bulkhead::cli::vault {

void register_vault(Command& root);

}  // namespace bulkhead::cli::vault
