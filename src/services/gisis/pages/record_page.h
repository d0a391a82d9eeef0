// One record, as HTML.
#pragma once

#include "service/site.h"
#include "services/gisis/store/registry.h"

namespace bulkhead::services::gisis {

Result<http::Response> record_page(service::Visit& visit, Registry& registry,
                                   const ModuleDefinition& module, const Record& record);

}  // namespace bulkhead::services::gisis
