// Searching the words of all documents, with filters in the URL.
#pragma once

#include <memory>

#include "service/site.h"
#include "services/imodocs/library/library.h"

namespace bulkhead::services::imodocs {

void add_search_page(service::Site& site, std::shared_ptr<const Library> library);

}  // namespace bulkhead::services::imodocs
