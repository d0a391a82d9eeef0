// One chapter at a time, in a frame from the book origin, with contents list, steps, and the
// position in the address: /publications/<id>/read/<chapter, from 1>?at=<fragment>.
#pragma once

#include <memory>

#include "service/site.h"
#include "services/publications/domain/catalogue_store.h"

namespace bulkhead::services::publications {

void add_reader_page(service::Site& site, const std::shared_ptr<CatalogueStore>& catalogue);

}  // namespace bulkhead::services::publications
