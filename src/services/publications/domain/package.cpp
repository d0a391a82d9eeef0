#include "services/publications/domain/package.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "base/text.h"
#include "services/publications/domain/archive.h"
#include "services/publications/domain/xml.h"

namespace bulkhead::services::publications {
namespace {

constexpr std::string_view kContainerName = "META-INF/container.xml";
constexpr std::size_t kTextLengthMax = 500;
constexpr std::size_t kDescriptionLengthMax = 4000;
constexpr std::size_t kValuesMax = 20;

bool has_word(std::string_view words, std::string_view wanted) {
  for (const std::string_view word : split(words, ' ')) {
    if (word == wanted) return true;
  }
  return false;
}

// What the manifest's ids stand for, needed only while a package is read.
struct Manifest {
  std::map<std::string, ManifestItem, std::less<>> by_id;
  std::string cover_id;
};

Metadata read_metadata(const pugi::xml_node& node, std::string_view identifier_id,
                       std::string& cover_id) {
  Metadata out;
  std::string first_identifier;
  for (const pugi::xml_node& element : node.children()) {
    const std::string_view name = xml::local_name(element);
    const auto take = [&](std::string& into, std::size_t length_max = kTextLengthMax) {
      if (into.empty()) into = xml::text(element, length_max);
    };
    const auto take_one_more = [&](std::vector<std::string>& into) {
      std::string value = xml::text(element, kTextLengthMax);
      if (!value.empty() && into.size() < kValuesMax) into.push_back(std::move(value));
    };
    if (name == "title") take(out.title);
    if (name == "creator") take_one_more(out.creators);
    if (name == "language") take(out.language);
    if (name == "publisher") take(out.publisher);
    if (name == "date") take(out.date);
    if (name == "description") take(out.description, kDescriptionLengthMax);
    if (name == "rights") take(out.rights);
    if (name == "subject") take_one_more(out.subjects);
    if (name == "identifier") {
      take(first_identifier);
      if (element.attribute("id").value() == identifier_id) take(out.identifier);
    }
    if (name == "meta" && std::string_view(element.attribute("name").value()) == "cover") {
      cover_id = element.attribute("content").value();
    }
  }
  if (out.identifier.empty()) out.identifier = first_identifier;
  return out;
}

// EPUB 2.0 put <dc-metadata> around the elements in its first drafts; real books still do.
pugi::xml_node metadata_node(const pugi::xml_node& package) {
  const pugi::xml_node metadata = xml::child(package, "metadata");
  const pugi::xml_node inner = xml::child(metadata, "dc-metadata");
  return inner ? inner : metadata;
}

Result<Manifest> read_manifest(const pugi::xml_node& node, std::string_view file, Package& into) {
  Manifest out;
  std::set<std::string, std::less<>> seen;
  for (const pugi::xml_node& element : node.children()) {
    if (xml::local_name(element) != "item") continue;
    if (out.by_id.size() >= kManifestItemsMax) {
      return fail(ErrorKind::limit,
                  fmt::format("{}: more than {} manifest items", file, kManifestItemsMax));
    }
    const std::string href = element.attribute("href").value();
    ManifestItem item{.file = xml::resolve(file, href),
                      .media_type = to_lower_ascii(element.attribute("media-type").value())};
    // What lies outside the archive (EPUB 3 allows remote audio) cannot be read here.
    if (href.empty() || !is_safe_entry_name(item.file)) continue;
    const std::string_view properties = element.attribute("properties").value();
    if (has_word(properties, "nav")) into.navigation_file = item.file;
    if (has_word(properties, "cover-image")) into.cover_file = item.file;
    if (item.media_type == "application/x-dtbncx+xml" && into.ncx_file.empty()) {
      into.ncx_file = item.file;
    }
    if (seen.insert(item.file).second) into.items.push_back(item);
    out.by_id.emplace(element.attribute("id").value(), std::move(item));
  }
  return out;
}

Result<void> read_spine(const pugi::xml_node& node, const Manifest& manifest, std::string_view file,
                        Package& into) {
  const std::string_view direction = node.attribute("page-progression-direction").value();
  if (direction == "rtl") into.page_progression = PageProgression::right_to_left;
  if (direction == "ltr") into.page_progression = PageProgression::left_to_right;
  if (const auto ncx = manifest.by_id.find(std::string_view(node.attribute("toc").value()));
      ncx != manifest.by_id.end()) {
    into.ncx_file = ncx->second.file;
  }
  std::set<std::string, std::less<>> seen;
  for (const pugi::xml_node& element : node.children()) {
    if (xml::local_name(element) != "itemref") continue;
    const auto item = manifest.by_id.find(std::string_view(element.attribute("idref").value()));
    if (item == manifest.by_id.end()) continue;
    if (!seen.insert(item->second.file).second) continue;
    if (into.spine.size() >= kSpineItemsMax) {
      return fail(ErrorKind::limit, fmt::format("{}: more than {} chapters", file, kSpineItemsMax));
    }
    into.spine.push_back(item->second.file);
  }
  return {};
}

}  // namespace

std::string Package::media_type_of(std::string_view file) const {
  const auto found = std::find_if(items.begin(), items.end(),
                                  [&](const ManifestItem& item) { return item.file == file; });
  return found == items.end() ? "" : found->media_type;
}

Result<std::string> parse_container(ByteView container_xml) {
  pugi::xml_document document;
  TRY(xml::parse(document, container_xml, kContainerName));
  const pugi::xml_node container = xml::child(document, "container");
  for (const pugi::xml_node& root : xml::child(container, "rootfiles").children()) {
    const std::string_view type = root.attribute("media-type").value();
    if (xml::local_name(root) != "rootfile" || type != "application/oebps-package+xml") continue;
    std::string file = root.attribute("full-path").value();
    if (!is_safe_entry_name(file)) {
      return fail(ErrorKind::corrupt,
                  fmt::format("{} names the unsafe package file \"{}\"", kContainerName, file));
    }
    return file;
  }
  return fail(ErrorKind::corrupt, fmt::format("{} names no package file", kContainerName));
}

Result<Package> parse_package(ByteView package_xml, std::string_view file) {
  pugi::xml_document document;
  TRY(xml::parse(document, package_xml, file));
  const pugi::xml_node package = xml::child(document, "package");
  if (!package) return fail(ErrorKind::corrupt, fmt::format("{} has no <package>", file));

  Package out;
  std::string cover_id;
  out.metadata = read_metadata(metadata_node(package),
                               package.attribute("unique-identifier").value(), cover_id);
  const Manifest manifest = TRY(read_manifest(xml::child(package, "manifest"), file, out));
  TRY(read_spine(xml::child(package, "spine"), manifest, file, out));
  if (out.cover_file.empty()) {
    const auto cover = manifest.by_id.find(cover_id);
    if (cover != manifest.by_id.end()) out.cover_file = cover->second.file;
  }
  if (!out.media_type_of(out.cover_file).starts_with("image/")) out.cover_file.clear();
  if (out.metadata.title.empty()) {
    return fail(ErrorKind::corrupt, fmt::format("{} gives no title", file));
  }
  if (out.spine.empty()) return fail(ErrorKind::corrupt, fmt::format("{} lists no chapter", file));
  return out;
}

}  // namespace bulkhead::services::publications
