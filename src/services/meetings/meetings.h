// The meetings service: today's sessions, and a floor whose heartbeat must never stop. It stands
// for the meeting platform in the estate until there is one with sound and interpreters' booths.
#pragma once

#include "service/service.h"

namespace bulkhead::services::meetings {

service::Definition definition();
Result<void> set_up(service::Context& context, http::Router& router);

}  // namespace bulkhead::services::meetings
