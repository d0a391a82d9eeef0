// The routes of the public pages: modules, lists, records, and what programs need to know.
#pragma once

#include <memory>

#include "service/site.h"
#include "services/gisis/store/registry.h"

namespace bulkhead::services::gisis {

void add_record_pages(service::Site& site, std::shared_ptr<Registry> registry);
// The gateway says so; nothing that a visitor sends does.
bool is_operator(const http::Request& request);

}  // namespace bulkhead::services::gisis
