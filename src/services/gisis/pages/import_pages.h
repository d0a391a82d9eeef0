// The operators' pages: what was imported, with a report of every value that was not taken as it
// stood, and a form for the next file.
#pragma once

#include <memory>

#include "service/service.h"
#include "services/gisis/store/registry.h"

namespace bulkhead::services::gisis {

inline constexpr std::size_t kImportSizeMax = 48 * 1024 * 1024;

void add_import_pages(service::Context& context, std::shared_ptr<Registry> registry);

}  // namespace bulkhead::services::gisis
