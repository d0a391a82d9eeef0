// bulkhead seal, bulkhead expose
#pragma once

#include "cli/command.h"

namespace bulkhead::cli::exposure {

void register_exposure(Command& root);

}  // namespace bulkhead::cli::exposure
