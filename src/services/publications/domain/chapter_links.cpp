#include "services/publications/domain/chapter_links.h"

#include <array>
#include <optional>

#include "base/text.h"
#include "services/publications/domain/xml.h"

namespace bulkhead::services::publications {
namespace {

constexpr std::string_view kWhiteSpace = " \t\r\n";

struct Attribute {
  std::size_t begin = 0;  // of its name
  std::size_t end = 0;    // behind the closing quote
  std::string_view name;
  std::string_view value;  // as it is written, with its entities
};

// The next attribute from `at` on; nothing at the end of the tag, or where it is malformed.
std::optional<Attribute> next_attribute(std::string_view text, std::size_t at) {
  const std::size_t begin = text.find_first_not_of(kWhiteSpace, at);
  if (begin == std::string_view::npos || text[begin] == '>' || text[begin] == '/') return {};
  const std::size_t name_end = text.find_first_of(" \t\r\n=/>", begin);
  if (name_end == std::string_view::npos) return {};
  const std::size_t equals = text.find_first_not_of(kWhiteSpace, name_end);
  if (equals == std::string_view::npos || text[equals] != '=') return {};
  const std::size_t open = text.find_first_not_of(kWhiteSpace, equals + 1);
  if (open == std::string_view::npos || (text[open] != '"' && text[open] != '\'')) return {};
  const std::size_t close = text.find(text[open], open + 1);
  if (close == std::string_view::npos) return {};
  return Attribute{.begin = begin,
                   .end = close + 1,
                   .name = text.substr(begin, name_end - begin),
                   .value = text.substr(open + 1, close - open - 1)};
}

// The five entities of XML and what an address needs of numeric ones; an address with others is
// left as it is.
std::optional<std::string> unescaped(std::string_view value) {
  constexpr std::array<std::pair<std::string_view, char>, 6> kEntities = {{{"&amp;", '&'},
                                                                           {"&#38;", '&'},
                                                                           {"&lt;", '<'},
                                                                           {"&gt;", '>'},
                                                                           {"&quot;", '"'},
                                                                           {"&apos;", '\''}}};
  std::string out;
  while (!value.empty()) {
    if (value.front() != '&') {
      out += value.front();
      value.remove_prefix(1);
      continue;
    }
    bool known = false;
    for (const auto& [entity, character] : kEntities) {
      if (known || !value.starts_with(entity)) continue;
      out += character;
      value.remove_prefix(entity.size());
      known = true;
    }
    if (!known) return std::nullopt;
  }
  return out;
}

std::string new_address(std::string_view reference, std::string_view file,
                        const ChapterAddress& address) {
  const auto plain = unescaped(reference);
  // A fragment alone stays on the page that is shown.
  if (!plain || plain->empty() || plain->front() == '#') return "";
  const std::string target = xml::resolve(file, *plain);
  if (target.empty() || target == file) return "";
  return address(target, xml::fragment_of(*plain));
}

// The start tag of a link, from behind "<a" on; answers where its attributes end.
std::size_t copy_link(std::string_view text, std::size_t at, std::string_view file,
                      const ChapterAddress& address, std::string& out) {
  const std::size_t begin = at;
  std::optional<Attribute> href;
  std::optional<Attribute> target;
  while (const auto attribute = next_attribute(text, at)) {
    if (attribute->name == "href") href = attribute;
    if (attribute->name == "target") target = attribute;
    at = attribute->end;
  }
  const std::string leads_to = href ? new_address(href->value, file, address) : "";
  if (leads_to.empty()) {
    out += text.substr(begin, at - begin);
    return at;
  }
  for (std::size_t from = begin; from < at;) {
    const auto attribute = next_attribute(text, from);
    if (!attribute) break;
    if (attribute->begin == href->begin) {
      out += " href=\"" + escape_html(leads_to) + "\" target=\"_top\"";
    } else if (!target || attribute->begin != target->begin) {
      out += text.substr(from, attribute->end - from);
    }
    from = attribute->end;
  }
  return at;
}

// Behind the end of a comment or of character data that begins at `at`; nothing where none does.
std::optional<std::size_t> behind_opaque(std::string_view text, std::size_t at) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kOpaque = {
      {{"<!--", "-->"}, {"<![CDATA[", "]]>"}, {"<?", "?>"}}};
  for (const auto& [begin, end] : kOpaque) {
    if (!text.substr(at).starts_with(begin)) continue;
    const std::size_t found = text.find(end, at + begin.size());
    return found == std::string_view::npos ? text.size() : found + end.size();
  }
  return std::nullopt;
}

}  // namespace

std::string with_chapter_links(std::string_view xhtml, std::string_view file,
                               const ChapterAddress& address) {
  std::string out;
  out.reserve(xhtml.size());
  std::size_t at = 0;
  while (at < xhtml.size()) {
    const std::size_t tag = std::min(xhtml.find('<', at), xhtml.size());
    out += xhtml.substr(at, tag - at);
    at = tag;
    if (at == xhtml.size()) break;
    if (const auto end = behind_opaque(xhtml, at)) {
      out += xhtml.substr(at, *end - at);
      at = *end;
      continue;
    }
    const bool is_link = xhtml.substr(at).starts_with("<a") && at + 2 < xhtml.size() &&
                         kWhiteSpace.find(xhtml[at + 2]) != std::string_view::npos;
    const std::size_t name_size = is_link ? 2 : 1;
    out += xhtml.substr(at, name_size);
    at += name_size;
    if (is_link) at = copy_link(xhtml, at, file, address, out);
  }
  return out;
}

}  // namespace bulkhead::services::publications
