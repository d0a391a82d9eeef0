// What the vault is like now, in Prometheus' text form; what it did is in metrics.h.
#pragma once

#include <string>

#include "vault/oversight.h"

namespace bulkhead::vault {

std::string write_gauges(Oversight& oversight);

}  // namespace bulkhead::vault
