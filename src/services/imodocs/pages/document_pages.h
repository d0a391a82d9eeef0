// One document: what it is, the languages it exists in, and its files.
#pragma once

#include <memory>

#include "service/service.h"
#include "services/imodocs/library/library.h"

namespace bulkhead::services::imodocs {

void add_document_pages(service::Context& context, std::shared_ptr<const Library> library);

}  // namespace bulkhead::services::imodocs
