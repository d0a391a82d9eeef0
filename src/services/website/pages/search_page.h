// Search over the website's own pages and news.
#pragma once

#include <memory>

#include "service/service.h"
#include "services/website/domain/content_store.h"

namespace bulkhead::services::website {

void add_search_page(service::Context& context, const std::shared_ptr<ContentStore>& content);

}  // namespace bulkhead::services::website
