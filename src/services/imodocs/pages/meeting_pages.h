// Bodies and their sessions: the start page and the ways down from it.
#pragma once

#include <memory>

#include "service/site.h"
#include "services/imodocs/library/library.h"

namespace bulkhead::services::imodocs {

void add_meeting_pages(service::Site& site, std::shared_ptr<const Library> library);

}  // namespace bulkhead::services::imodocs
