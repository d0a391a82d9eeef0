#include "services/publications/pages/opds.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "http/feed.h"
#include "service/components.h"
#include "services/publications/pages/book_files.h"
#include "services/publications/pages/catalogue_pages.h"
#include "services/publications/pages/origins.h"

namespace bulkhead::services::publications {
namespace {

using service::Visit;

constexpr std::string_view kNavigationType =
    "application/atom+xml;profile=opds-catalog;kind=navigation";
constexpr std::string_view kAcquisitionType =
    "application/atom+xml;profile=opds-catalog;kind=acquisition";
constexpr std::string_view kOpenSearchType = "application/opensearchdescription+xml";
constexpr std::size_t kQueryLengthMax = 200;

http::FeedWriter begin_feed(const OpdsFrame& frame, std::string_view type) {
  const std::string base = frame.origin + "/" + frame.language + "/opds";
  http::FeedWriter feed(frame.language, {{"dc", "http://purl.org/dc/terms/"},
                                         {"opds", "http://opds-spec.org/2010/catalog"},
                                         {"opensearch", "http://a9.com/-/spec/opensearch/1.1/"}});
  feed.element("id", frame.id);
  feed.element("title", frame.title);
  feed.element("updated", to_rfc3339(std::chrono::floor<std::chrono::seconds>(frame.updated)));
  feed.author(frame.title);
  feed.link({.relation = "self", .type = type, .href = frame.origin + frame.self});
  feed.link({.relation = "start", .type = kNavigationType, .href = base});
  feed.link({.relation = "search", .type = kOpenSearchType, .href = base + "/opensearch.xml"});
  return feed;
}

std::string_view picture_type_of(std::string_view file) {
  if (file.ends_with(".svg")) return "image/svg+xml";
  return file.ends_with(".png") ? "image/png" : "image/jpeg";
}

void add_publication(http::FeedWriter& feed, const OpdsFrame& frame,
                     const Publication& publication) {
  const Metadata& metadata = publication.book.metadata();
  feed.begin_entry();
  feed.element("title", publication.title);
  // A book without an identifier of its own is known by its name in this catalogue.
  feed.element("id", metadata.identifier.find(':') != std::string::npos
                         ? metadata.identifier
                         : fmt::format("tag:bulkhead,2026:publication/{}", publication.id));
  feed.element("updated", to_rfc3339(publication.modified));
  for (const std::string& author : publication.authors) feed.author(author);
  feed.element("dc:language", publication.language);
  feed.element("dc:publisher", publication.publisher);
  feed.element("dc:issued", publication.date);
  for (const std::string& subject : publication.subjects) feed.category(subject);
  feed.element("rights", metadata.rights);
  feed.element("summary", publication.description);
  const std::string& cover = publication.book.cover_file();
  if (!cover.empty()) {
    feed.link({.relation = "http://opds-spec.org/image",
               .type = picture_type_of(cover),
               .href = frame.origin + cover_address(publication.id)});
  }
  feed.link({.relation = "http://opds-spec.org/acquisition/open-access",
             .type = "application/epub+zip",
             .href = frame.origin + download_address(publication.id),
             .length_bytes = publication.size});
  feed.link({.relation = "alternate",
             .type = "text/html",
             .href = frame.origin + "/" + frame.language + address_of(publication)});
  feed.end_entry();
}

WallTime newest_of(const std::vector<const Publication*>& publications) {
  WallTime newest{};
  for (const Publication* one : publications) newest = std::max(newest, one->modified);
  return newest;
}

OpdsFrame frame_of(const Visit& visit, const std::string& title, WallTime updated) {
  const std::string self =
      service::with_query(visit.request, "page", visit.request.query.get("page"));
  return {.id = visit.origin() + self,
          .title = title,
          .language = std::string(service::code_of(visit.language)),
          .origin = visit.origin(),
          .self = self,
          .next = {},
          .previous = {},
          .updated = updated,
          .total = 0};
}

http::Response feed_response(std::string body, std::string_view type) {
  http::Response response = http::Response::text(std::move(body));
  response.headers.set("Content-Type", fmt::format("{};charset=utf-8", type));
  return response;
}

http::Response acquisition(const Visit& visit, const std::string& title,
                           const std::vector<const Publication*>& publications) {
  OpdsFrame frame = frame_of(visit, title, newest_of(publications));
  const service::Paging paging =
      service::paging_from(visit.request, publications.size(), kOpdsPageSize);
  const auto page_link = [&](std::uint64_t page) {
    return service::with_query(visit.request, "page", std::to_string(page));
  };
  frame.total = paging.total;
  if (paging.page < paging.page_count()) frame.next = page_link(paging.page + 1);
  if (paging.page > 1) frame.previous = page_link(paging.page - 1);
  const auto begin = publications.begin() + static_cast<std::ptrdiff_t>(paging.offset());
  const auto count = std::min<std::uint64_t>(paging.page_size, paging.total - paging.offset());
  return feed_response(
      opds_acquisition_feed(frame, {begin, begin + static_cast<std::ptrdiff_t>(count)}),
      kAcquisitionType);
}

Result<http::Response> start(Visit& visit, const Catalogue& catalogue) {
  std::vector<NavigationEntry> entries;
  const auto add = [&](const std::string& title, const std::string& text, const std::string& path,
                       std::string_view relation) {
    entries.push_back({.id = visit.origin() + visit.link(path),
                       .title = title,
                       .text = text,
                       .path = visit.link(path),
                       .relation = std::string(relation)});
  };
  add(visit.text("opds.all"), visit.text("opds.all_text"), "/opds/all", "subsection");
  add(visit.text("opds.newest"), visit.text("opds.newest_text"), "/opds/newest",
      "http://opds-spec.org/sort/new");
  for (const std::string& code : catalogue.languages()) {
    const std::string name = language_name(code);
    add(name, visit.text("opds.in_language", {{"language", name}}), "/opds/language/" + code,
        "subsection");
  }
  const OpdsFrame frame =
      frame_of(visit, visit.text("service.name"), newest_of(catalogue.newest_first()));
  return feed_response(opds_navigation_feed(frame, entries), kNavigationType);
}

Result<http::Response> all(Visit& visit, const Catalogue& catalogue) {
  return acquisition(visit, visit.text("opds.all"), catalogue.search({}));
}

Result<http::Response> newest(Visit& visit, const Catalogue& catalogue) {
  return acquisition(visit, visit.text("opds.newest"), catalogue.newest_first());
}

Result<http::Response> in_language(Visit& visit, const Catalogue& catalogue) {
  const std::string& code = visit.request.path_values["code"];
  const auto found = catalogue.search({.text = {}, .language = code});
  if (code.empty() || found.empty()) {
    return fail(ErrorKind::not_found, "there is no publication in this language");
  }
  return acquisition(visit, language_name(code), found);
}

Result<http::Response> search(Visit& visit, const Catalogue& catalogue) {
  const std::string words = visit.request.query.get("q").substr(0, kQueryLengthMax);
  return acquisition(visit, visit.text("opds.search"),
                     catalogue.search({.text = words, .language = {}}));
}

Result<http::Response> description(Visit& visit, const Catalogue&) {
  return feed_response(opensearch_description(frame_of(visit, visit.text("opds.search"), {})),
                       kOpenSearchType);
}

// A page for people, who would see nothing of a feed.
Result<http::Response> how_to(Visit& visit, const Catalogue&) {
  const std::string address = visit.origin() + visit.link("/opds");
  return visit.page({.title = visit.text("opds.title"),
                     .description = visit.text("opds.lead"),
                     .content = "<p>" + escape_html(visit.text("opds.how")) +
                                "</p><p><a class=\"identifier feed-address\" dir=\"ltr\" href=\"" +
                                escape_html(visit.link("/opds")) + "\">" + escape_html(address) +
                                "</a></p>",
                     .breadcrumbs = {{visit.text("nav.catalogue"), visit.link("/")}},
                     .lead = visit.text("opds.lead")});
}

}  // namespace

std::string opds_navigation_feed(const OpdsFrame& frame,
                                 const std::vector<NavigationEntry>& entries) {
  const std::string updated = to_rfc3339(std::chrono::floor<std::chrono::seconds>(frame.updated));
  http::FeedWriter feed = begin_feed(frame, kNavigationType);
  for (const NavigationEntry& entry : entries) {
    feed.begin_entry();
    feed.element("title", entry.title);
    feed.element("id", entry.id);
    feed.element("updated", updated);
    feed.content("text", entry.text);
    feed.link(
        {.relation = entry.relation, .type = kAcquisitionType, .href = frame.origin + entry.path});
    feed.end_entry();
  }
  return std::move(feed).finish();
}

std::string opds_acquisition_feed(const OpdsFrame& frame,
                                  const std::vector<const Publication*>& publications) {
  http::FeedWriter feed = begin_feed(frame, kAcquisitionType);
  feed.element("opensearch:totalResults", std::to_string(frame.total));
  feed.element("opensearch:itemsPerPage", std::to_string(kOpdsPageSize));
  for (const auto& [relation, path] :
       {std::pair("next", &frame.next), std::pair("previous", &frame.previous)}) {
    if (path->empty()) continue;
    feed.link({.relation = relation, .type = kAcquisitionType, .href = frame.origin + *path});
  }
  for (const Publication* publication : publications) add_publication(feed, frame, *publication);
  return std::move(feed).finish();
}

std::string opensearch_description(const OpdsFrame& frame) {
  // OpenSearch 1.1 allows 16 characters in a short name, and counts characters, not bytes: a fixed
  // one fits.
  return fmt::format(
      "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
      "<OpenSearchDescription xmlns=\"http://a9.com/-/spec/opensearch/1.1/\">\n"
      "<ShortName>Publications</ShortName>\n<Description>{}</Description>\n"
      "<InputEncoding>UTF-8</InputEncoding>\n<OutputEncoding>UTF-8</OutputEncoding>\n"
      "<Url type=\"{}\" template=\"{}/{}/opds/search?q={{searchTerms}}\"/>\n"
      "</OpenSearchDescription>\n",
      escape_html(frame.title), kAcquisitionType, escape_html(frame.origin), frame.language);
}

void add_opds(service::Site& site, const std::shared_ptr<CatalogueStore>& catalogue) {
  using CatalogueHandler = Result<http::Response> (*)(Visit&, const Catalogue&);
  const auto add = [&](std::string pattern, CatalogueHandler handler) {
    site.get(std::move(pattern), at_site(service::PageHandler([catalogue, handler](Visit& visit) {
               return handler(visit, *catalogue->current());
             })));
  };
  add("/opds", start);
  add("/opds/all", all);
  add("/opds/newest", newest);
  add("/opds/language/{code}", in_language);
  add("/opds/search", search);
  add("/opds/opensearch.xml", description);
  add("/reading-apps", how_to);
}

}  // namespace bulkhead::services::publications
