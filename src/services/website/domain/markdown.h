// Markdown to HTML in cmark-gfm's safe mode: raw HTML in the text is left out, and so are links
// with a scheme that could run code. With tables, strikethrough, autolinks and footnotes.
// Thread-safe.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace bulkhead::services::website {

inline constexpr std::size_t kMarkdownSizeMax = 1024 * 1024;

struct RenderedMarkdown {
  std::string html;
  std::string text;  // without any markup, white space collapsed: for search and descriptions
};

// A heading of the first level becomes one of the second: a page has one h1, its title.
Result<RenderedMarkdown> render_markdown(std::string_view markdown);

}  // namespace bulkhead::services::website
