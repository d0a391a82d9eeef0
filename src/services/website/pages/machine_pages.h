// What programs read: the Atom feed of each language, sitemap.xml, robots.txt and security.txt. The
// texts are made by pure functions, which the tests call.
#pragma once

#include <memory>
#include <string>

#include "service/service.h"
#include "services/website/domain/content_store.h"

namespace bulkhead::services::website {

void add_machine_pages(service::Context& context, http::Router& router,
                       const std::shared_ptr<ContentStore>& content,
                       const std::string& security_contact);

struct FeedFrame {
  std::string title;
  std::string language;  // "ar"
  std::string origin;    // "https://website.example"
};
// RFC 4287. Entry ids are tag URIs (RFC 4151) of host, date and slug: they stay when a text
// changes.
std::string atom_feed(const FeedFrame& frame, const Content& content);
// Every page in every language that it exists in, each with hreflang of the others and x-default.
std::string sitemap(std::string_view origin, const Content& content);
std::string robots_text(std::string_view origin);
// RFC 9116. `contact` is a mailto:, https: or tel: address.
std::string security_text(std::string_view origin, std::string_view contact, WallTime expires);

}  // namespace bulkhead::services::website
