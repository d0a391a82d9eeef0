// One function for each verb of `bulkhead repo`.
#pragma once

#include "cli/command.h"

namespace bulkhead::cli {

void register_init(Command& repo);

}  // namespace bulkhead::cli
