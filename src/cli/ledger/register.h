// bulkhead ledger show, verify, prove, export
#pragma once

#include "cli/command.h"

namespace bulkhead::cli::ledger {

void register_ledger(Command& root);

}  // namespace bulkhead::cli::ledger
