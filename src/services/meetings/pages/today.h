// The page of today's sessions.
#pragma once

#include "service/site.h"
#include "services/meetings/domain/session.h"

namespace bulkhead::services::meetings {

http::Response today_page(service::Visit& visit, const std::vector<Session>& sessions,
                          WallTime now);

}  // namespace bulkhead::services::meetings
