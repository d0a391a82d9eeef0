// bulkhead backup: snapshots of services to the vault, now.
#pragma once

#include "cli/command.h"

namespace bulkhead::cli::backup {

void register_service_backup(Command& root);

}  // namespace bulkhead::cli::backup
