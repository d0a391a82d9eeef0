// bulkhead-gisis: registers made from module definitions. Its dataset is
//   gisis.sqlite          the records (store/registry.h)
//   import/MODULE.csv     read at the start, once for each content
// and its configuration, besides the kit's own,
//   modules_folder = "…"  definitions to use instead of those of the program (estates/imo/modules)
#pragma once

#include "service/service.h"

namespace bulkhead::services::gisis {

service::Definition definition();
Result<void> set_up(service::Context& context, http::Router& router);

}  // namespace bulkhead::services::gisis
