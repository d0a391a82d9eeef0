// Free TCP ports of the loopback address.
#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"

namespace bulkhead::supervisor::internal {

// Free now; somebody else may still be faster before they are used.
Result<std::vector<std::uint16_t>> free_ports(std::size_t count);

}  // namespace bulkhead::supervisor::internal
