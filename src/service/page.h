// What a handler says about its page; the frame (header, navigation, language switch, main, footer)
// is made around it by Visit::page. Texts are plain and are escaped by the frame; only members that
// say HTML are taken as they are, and whoever fills them escapes (base/text.h escape_html).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "service/language.h"

namespace bulkhead::service {

struct Link {
  std::string text;
  std::string href;
};

struct Feed {
  std::string title;
  std::string href;
  std::string type = "application/atom+xml";
};

enum class Robots { index, no_index };
enum class Heading { by_frame, in_content };

struct Page {
  std::string title;        // the h1, and with the service's name the <title>
  std::string description;  // <meta name=description>; may be empty
  std::string content;      // HTML: what stands under the h1
  int status = 200;
  // Where the content is not in the page's language: the frame then says so, and marks it up.
  std::optional<Language> content_language;
  // For hreflang: the languages that the content exists in; empty means all six.
  std::vector<Language> available;
  // From the service's first page on; the current page is added by the frame.
  std::vector<Link> breadcrumbs;
  std::vector<Feed> feeds;
  Robots robots = Robots::index;
  Heading heading = Heading::by_frame;  // in_content: the content brings its own h1
  std::string lead;                     // one plain sentence under the h1; may be empty
};

}  // namespace bulkhead::service
