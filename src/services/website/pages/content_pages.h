// Home, pages, list of news and news item: what the content folder says, in the site's frame.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "service/components.h"
#include "service/site.h"
#include "services/website/domain/content_store.h"

namespace bulkhead::services::website {

inline constexpr std::uint64_t kNewsPageSize = 10;

// "en", "fr" …: what content files are called.
std::span<const std::string_view> site_languages();

void add_content_pages(service::Site& site, const std::shared_ptr<ContentStore>& content);

// The pages that have an order, then what every site has. Addresses without the language.
std::vector<service::Link> main_menu(const service::Visit& visit, const Content& content);

// "/safety/polar-code" for the page of that path, "/" for the home page; without the language.
std::string address_of(const Document& page);
std::string address_of(const NewsItem& item);
// Where a text is shown in another language than the page around it: that language.
std::optional<service::Language> language_if_other(const service::Visit& visit,
                                                   const Document& document);

}  // namespace bulkhead::services::website
