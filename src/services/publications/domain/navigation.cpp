#include "services/publications/domain/navigation.h"

#include <fmt/format.h>

#include "base/text.h"
#include "services/publications/domain/archive.h"
#include "services/publications/domain/xml.h"

namespace bulkhead::services::publications {
namespace {

constexpr std::size_t kTitleLengthMax = 500;
// How many nested elements are followed in the search for <nav>.
constexpr int kSearchDepthMax = 40;

class Entries {
 public:
  explicit Entries(std::string_view file) : file_(file) {}

  Result<void> add(std::string title, std::string_view reference, int depth) {
    if (out_.size() >= kContentsEntriesMax) {
      return fail(ErrorKind::limit, fmt::format("{}: more than {} entries in the contents list",
                                                file_, kContentsEntriesMax));
    }
    ContentsEntry entry{.title = std::move(title), .file = {}, .fragment = {}, .depth = depth};
    if (!reference.empty()) entry.file = xml::resolve(file_, reference);
    if (!is_safe_entry_name(entry.file)) entry.file.clear();
    if (!entry.file.empty()) entry.fragment = xml::fragment_of(reference);
    if (!entry.title.empty()) out_.push_back(std::move(entry));
    return {};
  }

  std::vector<ContentsEntry> take() { return std::move(out_); }

 private:
  std::string file_;
  std::vector<ContentsEntry> out_;
};

bool is_contents_nav(const pugi::xml_node& node) {
  if (xml::local_name(node) != "nav") return false;
  for (const pugi::xml_attribute& attribute : node.attributes()) {
    const std::string_view name = attribute.name();
    if (name != "type" && !name.ends_with(":type")) continue;
    for (const std::string_view word : split(attribute.value(), ' ')) {
      if (word == "toc") return true;
    }
  }
  return false;
}

pugi::xml_node find_contents_nav(const pugi::xml_node& node, int depth) {
  if (depth > kSearchDepthMax) return {};
  for (const pugi::xml_node& inner : node.children()) {
    if (inner.type() != pugi::node_element) continue;
    if (is_contents_nav(inner)) return inner;
    if (const pugi::xml_node found = find_contents_nav(inner, depth + 1)) return found;
  }
  return {};
}

// The label of a list item: its <a> or <span>, which may stand inside other inline elements.
pugi::xml_node find_label(const pugi::xml_node& item) {
  for (const std::string_view name : {"a", "span"}) {
    if (const pugi::xml_node found = xml::child(item, name)) return found;
  }
  for (const pugi::xml_node& inner : item.children()) {
    if (inner.type() != pugi::node_element || xml::local_name(inner) == "ol") continue;
    if (const pugi::xml_node found = xml::child(inner, "a")) return found;
  }
  return {};
}

Result<void> add_list(const pugi::xml_node& list, int depth, Entries& entries) {
  if (depth >= kContentsDepthMax) return {};
  for (const pugi::xml_node& item : list.children()) {
    if (xml::local_name(item) != "li") continue;
    const pugi::xml_node label = find_label(item);
    TRY(entries.add(xml::text(label, kTitleLengthMax), label.attribute("href").value(), depth));
    TRY(add_list(xml::child(item, "ol"), depth + 1, entries));
  }
  return {};
}

Result<void> add_points(const pugi::xml_node& parent, int depth, Entries& entries) {
  if (depth >= kContentsDepthMax) return {};
  for (const pugi::xml_node& point : parent.children()) {
    if (xml::local_name(point) != "navPoint") continue;
    const pugi::xml_node label = xml::child(xml::child(point, "navLabel"), "text");
    TRY(entries.add(xml::text(label, kTitleLengthMax),
                    xml::child(point, "content").attribute("src").value(), depth));
    TRY(add_points(point, depth + 1, entries));
  }
  return {};
}

}  // namespace

Result<std::vector<ContentsEntry>> parse_navigation_document(ByteView xhtml,
                                                             std::string_view file) {
  pugi::xml_document document;
  TRY(xml::parse(document, xhtml, file));
  const pugi::xml_node nav = find_contents_nav(document, 0);
  if (!nav) return fail(ErrorKind::corrupt, fmt::format("{} has no contents list", file));
  Entries entries(file);
  TRY(add_list(xml::child(nav, "ol"), 0, entries));
  return entries.take();
}

Result<std::vector<ContentsEntry>> parse_ncx(ByteView ncx, std::string_view file) {
  pugi::xml_document document;
  TRY(xml::parse(document, ncx, file));
  const pugi::xml_node map = xml::child(xml::child(document, "ncx"), "navMap");
  if (!map) return fail(ErrorKind::corrupt, fmt::format("{} has no <navMap>", file));
  Entries entries(file);
  TRY(add_points(map, 0, entries));
  return entries.take();
}

}  // namespace bulkhead::services::publications
