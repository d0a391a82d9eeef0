// The user id that HAProxy runs under where root starts the estate: one of its own, so that code
// that took the gateway over is nobody's user and can open neither keys nor the control socket.
#pragma once

#include <cstdint>
#include <optional>

#include "supervisor/estate/layout.h"

namespace bulkhead::supervisor {

// Nothing: the caller's own, since only root can give one. A warning is logged where root cannot.
std::optional<std::uint32_t> gateway_user(const Layout& layout);

// Lets that user's group (only) through the estate's folder and run/, where the services' sockets
// are, and to the status page. It cannot list them.
Result<void> open_folders_to(std::uint32_t user, const Layout& layout);

}  // namespace bulkhead::supervisor
