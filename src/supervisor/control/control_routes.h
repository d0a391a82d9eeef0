// The control API's routes of the supervisor itself (docs/control-api.md): estate, exposure,
// passes, events. Those of incidents and backups come from the Extension. It is served on a Unix
// socket that only the estate's owner can open, and answers only operators (peer.h); there is no
// other sign-in.
#pragma once

#include "http/router.h"
#include "supervisor/control/estate_supervisor.h"

namespace bulkhead::supervisor {

void add_control_routes(http::Router& router, EstateSupervisor& supervisor);

// The body of a request as a JSON object; kind invalid otherwise, limit where it is too long.
Result<json::Value> read_json_body(http::Request& request);

}  // namespace bulkhead::supervisor
