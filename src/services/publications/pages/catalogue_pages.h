// The catalogue with its search, and the page of one publication.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "service/components.h"
#include "service/site.h"
#include "services/publications/domain/catalogue_store.h"

namespace bulkhead::services::publications {

inline constexpr std::uint64_t kCataloguePageSize = 24;

void add_catalogue_pages(service::Site& site, const std::shared_ptr<CatalogueStore>& catalogue);

// Without the language: "/publications/<id>", and "/publications/<id>/read/3".
std::string address_of(const Publication& publication);
std::string reading_address(const Publication& publication, std::size_t chapter);

// "العربية" for one of the six, else the code in upper case; "" for none.
std::string language_name(std::string_view code);
// lang and dir of a book's own texts, into a template's model.
void set_language(json::Object& model, const Publication& publication);
// A list of contents with addresses; `current` is the chapter that is open, or none of them, and
// `fragment` the place in it that was asked for.
json::Array contents_of(const service::Visit& visit, const Publication& publication,
                        std::optional<std::size_t> current, std::string_view fragment = "");

}  // namespace bulkhead::services::publications
