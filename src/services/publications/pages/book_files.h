// What is inside books, on their own origin, and at the site the covers and the EPUBs themselves.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "service/service.h"
#include "services/publications/domain/catalogue_store.h"

namespace bulkhead::services::publications {

void add_book_files(http::Router& router, service::Audit& audit,
                    const std::shared_ptr<CatalogueStore>& catalogue);

// "/book/<id>/<file>", percent-encoded: where a file of a book is, at the book origin.
std::string book_file_address(std::string_view id, std::string_view file);
std::string cover_address(std::string_view id);
std::string download_address(std::string_view id);

// The media types that are passed on; everything else is served as bytes to be kept.
bool is_shown_in_browser(std::string_view media_type);
// A chapter with a link to our style sheet in front of its own ones; other content as it is.
std::string with_reading_style(std::string_view xhtml);

}  // namespace bulkhead::services::publications
