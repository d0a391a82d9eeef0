#include "services/website/domain/document.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "config/document.h"
#include "services/website/domain/markdown.h"

namespace bulkhead::services::website {
namespace {

constexpr std::string_view kFence = "+++";
constexpr std::size_t kSegmentLengthMax = 80;
constexpr std::size_t kTitleLengthMax = 300;
constexpr std::size_t kDescriptionLengthMax = 1000;

struct Parts {
  std::string_view front_matter;
  std::string_view body;
};

std::string_view without_carriage_return(std::string_view line) {
  return line.ends_with('\r') ? line.substr(0, line.size() - 1) : line;
}

Result<Parts> divide(std::string_view content, std::string_view name) {
  const std::size_t first_end = content.find('\n');
  if (first_end == std::string_view::npos ||
      without_carriage_return(content.substr(0, first_end)) != kFence) {
    return fail(ErrorKind::invalid,
                fmt::format("{}:1: must begin with a line {} and the front matter", name, kFence));
  }
  const std::size_t begin = first_end + 1;
  for (std::size_t at = begin; at < content.size();) {
    const std::size_t end = std::min(content.find('\n', at), content.size());
    if (without_carriage_return(content.substr(at, end - at)) == kFence) {
      return Parts{.front_matter = content.substr(begin, at - begin),
                   .body = content.substr(std::min(end + 1, content.size()))};
    }
    at = end + 1;
  }
  return fail(ErrorKind::invalid,
              fmt::format("{}: the front matter has no second line {}", name, kFence));
}

Result<std::string> bounded_text(const config::Table& table, std::string_view key,
                                 std::size_t length_max) {
  const std::string text(trim(TRY(table.string(key))));
  if (text.empty()) return std::unexpected(table.error_at(key, "must not be empty"));
  if (text.size() > length_max) {
    return std::unexpected(
        table.error_at(key, fmt::format("must not be longer than {} bytes", length_max)));
  }
  return text;
}

}  // namespace

Result<Document> parse_document(std::string_view content, std::string_view name) {
  if (!is_valid_utf8(content)) {
    return fail(ErrorKind::invalid, fmt::format("{}: is not UTF-8 text", name));
  }
  const Parts parts = TRY(divide(content, name));
  // An empty line in place of the fence keeps the line numbers of errors true to the file.
  const std::string front_matter = "\n" + std::string(parts.front_matter);
  const config::Document toml = TRY(config::Document::parse(front_matter, name));
  const config::Table root = toml.root();

  Document out;
  out.title = TRY(bounded_text(root, "title", kTitleLengthMax));
  out.description = TRY(bounded_text(root, "description", kDescriptionLengthMax));
  out.menu_order = TRY(root.integer("order", {.least = 0, .most = 100'000}, 0));
  out.menu_title = root.has("menu") ? TRY(bounded_text(root, "menu", kTitleLengthMax)) : out.title;
  out.is_sample = TRY(root.boolean("sample", false));
  TRY(toml.refuse_unknown_keys());

  RenderedMarkdown rendered = TRY_CONTEXT(render_markdown(parts.body), name);
  out.html = std::move(rendered.html);
  out.text = std::move(rendered.text);
  return out;
}

Result<std::string> date_of_slug(std::string_view slug) {
  constexpr std::size_t kDateLength = 10;  // 2026-09-30
  if (slug.size() > kDateLength && slug[kDateLength] == '-') {
    std::string date(slug.substr(0, kDateLength));
    if (from_rfc3339(date + "T00:00:00Z")) return date;
  }
  return fail(ErrorKind::invalid,
              fmt::format("\"{}\" does not begin with a date: a news folder is called "
                          "YEAR-MONTH-DAY-WORDS, such as 2026-09-30-services-restored",
                          slug));
}

bool is_path_segment(std::string_view text) {
  return !text.empty() && text.size() <= kSegmentLengthMax &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
         });
}

}  // namespace bulkhead::services::website
