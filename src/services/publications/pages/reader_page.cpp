#include "services/publications/pages/reader_page.h"

#include "base/text.h"
#include "http/url.h"
#include "services/publications/pages/book_files.h"
#include "services/publications/pages/catalogue_pages.h"
#include "services/publications/pages/origins.h"

namespace bulkhead::services::publications {
namespace {

using service::Visit;

constexpr std::size_t kFragmentLengthMax = 500;

// The kit's policy, and frames from the book origin only.
std::string reader_policy(const std::string& frame_origin) {
  return "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "
         "font-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; "
         "base-uri 'none'; frame-src " +
         frame_origin;
}

std::string fragment_of(const Visit& visit) {
  return visit.request.query.get("at").substr(0, kFragmentLengthMax);
}

std::string frame_address(const Visit& visit, const Publication& publication,
                          const Chapter& chapter) {
  std::string address = book_origin(visit) + book_file_address(publication.id, chapter.file) +
                        "?in=" + std::string(service::code_of(visit.language));
  const std::string fragment = fragment_of(visit);
  if (!fragment.empty()) address += "#" + http::percent_encode(fragment);
  return address;
}

Result<http::Response> reader_page(Visit& visit, CatalogueStore& store) {
  const auto catalogue = store.current();
  const Publication* publication = catalogue->find(visit.request.path_values["id"]);
  if (!publication) return fail(ErrorKind::not_found, "there is no such publication");
  const Book& book = publication->book;
  const auto number = parse_u64(visit.request.path_values["chapter"]);
  if (!number || *number < 1 || *number > book.chapters().size()) {
    return fail(ErrorKind::not_found, "the publication has no such chapter");
  }
  const std::size_t index = *number - 1;
  const std::size_t last = book.chapters().size() - 1;
  const auto shown = [&](std::size_t value) {
    return visit.number(static_cast<std::int64_t>(value));
  };
  const Chapter& chapter = book.chapters()[index];
  const std::string title = chapter.title.empty()
                                ? visit.text("reader.chapter", {{"number", shown(index + 1)}})
                                : chapter.title;
  const auto step = [&](std::size_t to) { return visit.link(reading_address(*publication, to)); };
  json::Object model{{"entries", contents_of(visit, *publication, index, fragment_of(visit))},
                     {"frame_src", frame_address(visit, *publication, chapter)},
                     {"frame_permissions", frame_permissions(visit.request)},
                     {"frame_title", visit.text("reader.text") + ": " + title},
                     {"position", visit.text("reader.position", {{"number", shown(index + 1)},
                                                                 {"total", shown(last + 1)}})},
                     {"previous", index > 0 ? step(index - 1) : ""},
                     {"next", index < last ? step(index + 1) : ""}};
  set_language(model, *publication);
  http::Response response =
      visit.page({.title = title,
                  .content = visit.render("reader", model),
                  .breadcrumbs = {{visit.text("nav.catalogue"), visit.link("/")},
                                  {publication->title, visit.link(address_of(*publication))}},
                  .robots = service::Robots::no_index});
  response.headers.set("Content-Security-Policy", reader_policy(book_origin(visit)));
  return response;
}

Result<http::Response> first_chapter(Visit& visit) {
  const std::string id = http::percent_encode(visit.request.path_values["id"]);
  return http::Response::redirect(visit.link("/publications/" + id + "/read/1"));
}

}  // namespace

void add_reader_page(service::Site& site, const std::shared_ptr<CatalogueStore>& catalogue) {
  site.get("/publications/{id}/read", at_site(service::PageHandler(first_chapter)));
  site.get("/publications/{id}/read/{chapter}",
           at_site(service::PageHandler(
               [catalogue](Visit& visit) { return reader_page(visit, *catalogue); })));
}

}  // namespace bulkhead::services::publications
