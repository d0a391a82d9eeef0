// The public website as a service: its routes, its readiness, and what it checks of its data.
#pragma once

#include "service/service.h"

namespace bulkhead::services::website {

service::Definition definition();
// Keys of its configuration, all optional: `security_contact` (an address for security.txt).
Result<void> set_up(service::Context& context, http::Router& router);

}  // namespace bulkhead::services::website
