// bulkhead-imodocs: meeting documents by body, session and symbol. Its dataset is
//   documents/            bodies.toml, and folders with files and their documents.toml
//   .index/ .index-state  made of them at the start; may be deleted
#pragma once

#include "service/service.h"

namespace bulkhead::services::imodocs {

service::Definition definition();
Result<void> set_up(service::Context& context, http::Router& router);

}  // namespace bulkhead::services::imodocs
