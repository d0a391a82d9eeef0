// Virtual Publications as a service: its routes, its readiness, and what it checks of its data.
#pragma once

#include "service/service.h"

namespace bulkhead::services::publications {

service::Definition definition();
Result<void> set_up(service::Context& context, http::Router& router);

}  // namespace bulkhead::services::publications
