// One program answers for two origins, and the Host header decides: the site itself, and for what
// is inside books a host of their own, "books." before the site's. A book is a program from
// elsewhere (epub.js#1083): on its own origin it reaches neither the site's cookies nor its pages,
// and there its scripts do not run either.
#pragma once

#include <string>

#include "http/message.h"
#include "http/router.h"
#include "service/site.h"

namespace bulkhead::services::publications {

bool is_book_origin(const http::Request& request);
// "https://books.publications.example:8443", for a request that came to the site.
std::string book_origin(const service::Visit& visit);

// The site's origin, for a request that came to the book origin.
std::string site_origin(const http::Request& request);
// What the sandbox of a chapter grants: the visitor's click may lead the whole page on; scripts,
// forms and windows stay forbidden. Behind a pass its own pictures and style sheets must be
// fetched with the pass, which an opaque origin would not send.
std::string frame_permissions(const http::Request& request);

// Handlers that answer at one of the two origins only, and not_found at the other.
service::PageHandler at_site(service::PageHandler handler);
http::Handler at_site(http::Handler handler);
http::Handler at_book_origin(http::Handler handler);

}  // namespace bulkhead::services::publications
