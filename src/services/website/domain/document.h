// One Markdown file of the website with its front matter:
//
//   +++
//   title = "About us"
//   description = "What the organization does."
//   order = 10
//   menu = "About"
//   +++
//   Markdown follows.
//
// `order` puts a page into the main menu, under the short title `menu` where there is one; without
// it the page is reached by links only. `sample` labels invented facts on screen. Nothing else is
// allowed, so that a misspelt key is seen.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace bulkhead::services::website {

struct Document {
  std::string path;      // "about", "safety/polar-code"; "" is the home page; a news item's slug
  std::string language;  // "en"
  std::string title;
  std::string description;
  std::int64_t menu_order = 0;  // 0: not in the menu
  std::string menu_title;       // the title, where the file gives no shorter one
  bool is_sample = false;
  WallTime modified{};
  std::string html;
  std::string text;
};

// `name` stands for the file in errors, which are of kind invalid and name line and key.
Result<Document> parse_document(std::string_view content, std::string_view name);

// "2026-09-30-services-restored" → "2026-09-30"; kind invalid where it is no date of the calendar.
Result<std::string> date_of_slug(std::string_view slug);

// Letters of the Latin alphabet in lower case, digits and '-', at most 80: part of a page's
// address.
bool is_path_segment(std::string_view text);

}  // namespace bulkhead::services::website
