// The list of a module's records, as HTML.
#pragma once

#include "service/site.h"
#include "services/gisis/store/registry.h"

namespace bulkhead::services::gisis {

Result<http::Response> list_page(service::Visit& visit, Registry& registry,
                                 const ModuleDefinition& module, const ListRequest& request);

}  // namespace bulkhead::services::gisis
