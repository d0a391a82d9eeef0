// bulkhead drill imo-2020
#pragma once

#include "cli/command.h"

namespace bulkhead::cli::drill {

void register_drill(Command& root);

}  // namespace bulkhead::cli::drill
