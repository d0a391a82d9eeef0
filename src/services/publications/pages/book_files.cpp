#include "services/publications/pages/book_files.h"

#include <algorithm>
#include <array>

#include <fcntl.h>
#include <fmt/format.h>

#include "base/embedded.h"
#include "base/text.h"
#include "http/files.h"
#include "http/url.h"
#include "services/publications/domain/chapter_links.h"
#include "services/publications/pages/catalogue_pages.h"
#include "services/publications/pages/origins.h"

namespace bulkhead::services::publications {

std::span<const EmbeddedFile> embedded_files();

namespace {

constexpr std::string_view kStyleLink =
    "<link rel=\"stylesheet\" type=\"text/css\" href=\"/reading.css\"/>";
constexpr std::string_view kChapterType = "application/xhtml+xml";
constexpr std::string_view kEpubType = "application/epub+zip";

// EPUB 3.3 section 3.2, "Core media types", as far as browsers show them.
constexpr std::array<std::string_view, 18> kShownTypes = {kChapterType,
                                                          "text/html",
                                                          "text/css",
                                                          "image/png",
                                                          "image/jpeg",
                                                          "image/gif",
                                                          "image/webp",
                                                          "image/svg+xml",
                                                          "font/ttf",
                                                          "font/otf",
                                                          "font/woff",
                                                          "font/woff2",
                                                          "application/font-sfnt",
                                                          "application/font-woff",
                                                          "application/vnd.ms-opentype",
                                                          "audio/mpeg",
                                                          "audio/mp4",
                                                          "video/mp4"};

// Nothing runs, nothing is sent, nothing is fetched from elsewhere, and only the site may frame it.
// `sandbox` holds even where a chapter is opened by itself.
std::string book_policy(const http::Request& request) {
  const std::string host(request.headers.find("Host").value_or(""));
  const std::string own = "https://" + host;
  return fmt::format(
      "default-src 'none'; script-src 'none'; img-src {0} data:; media-src {0}; font-src {0} "
      "data:; style-src {0} 'unsafe-inline'; object-src 'none'; base-uri 'none'; form-action "
      "'none'; frame-ancestors {1}; sandbox {2}",
      own, site_origin(request), frame_permissions(request));
}

void set_isolation(http::Response& response, const http::Request& request) {
  response.headers.set("Content-Security-Policy", book_policy(request));
  // In the sandbox the chapter's origin is opaque, so that its own pictures and fonts are foreign.
  response.headers.set("Cross-Origin-Resource-Policy", "cross-origin");
  response.headers.set("Access-Control-Allow-Origin", "*");
  response.headers.set("Referrer-Policy", "no-referrer");
}

// Links to other chapters lead to the reader, in the language that it is read in; where a chapter
// is opened by itself, they stay among the files.
std::string reader_links(const http::Request& request, std::string_view xhtml,
                         std::string_view file, const Publication& publication) {
  const auto language = service::language_from_code(request.query.get("in"));
  if (!language) return std::string(xhtml);
  return with_chapter_links(
      xhtml, file, [&](std::string_view target, std::string_view fragment) -> std::string {
        const auto chapter = publication.book.chapter_of(target);
        if (!chapter) return "";
        return fmt::format("{}/{}{}{}", site_origin(request), service::code_of(*language),
                           reading_address(publication, *chapter),
                           fragment.empty() ? "" : "?at=" + http::percent_encode(fragment));
      });
}

http::Response answer_resource(const http::Request& request, Resource resource,
                               std::string_view file, const Publication& publication) {
  http::Response response;
  const bool shown = is_shown_in_browser(resource.media_type);
  const std::string_view content = as_text(resource.content);
  response.body = resource.media_type == kChapterType
                      ? with_reading_style(reader_links(request, content, file, publication))
                      : std::string(content);
  response.headers.set("Content-Type", shown ? resource.media_type : "application/octet-stream");
  if (!shown) response.headers.set("Content-Disposition", "attachment");
  set_isolation(response, request);
  const auto version = publication.modified.time_since_epoch().count();
  return http::with_entity_tag(request, std::move(response),
                               fmt::format("\"{:x}-{:x}\"", version, publication.size));
}

http::Response book_file(CatalogueStore& store, http::Request& request) {
  const auto catalogue = store.current();
  const Publication* publication = catalogue->find(request.path_values["id"]);
  if (!publication) return http::problem(Error(ErrorKind::not_found, "no such book"), request);
  const std::string& file = request.path_values["path"];
  auto resource = publication->book.resource(file);
  if (!resource) return http::problem(resource.error(), request);
  return answer_resource(request, *std::move(resource), file, *publication);
}

http::Response reading_style(http::Request& request) {
  const EmbeddedFile* file = find_embedded(embedded_files(), "styles/book.css");
  http::Response response;
  response.body = std::string(file->content);
  response.headers.set("Content-Type", "text/css; charset=utf-8");
  set_isolation(response, request);
  return response;
}

http::Response cover(CatalogueStore& store, http::Request& request) {
  const auto catalogue = store.current();
  const Publication* publication = catalogue->find(request.path_values["id"]);
  if (!publication || publication->book.cover_file().empty()) {
    return http::problem(Error(ErrorKind::not_found, "no such cover"), request);
  }
  auto resource = publication->book.resource(publication->book.cover_file());
  if (!resource) return http::problem(resource.error(), request);
  http::Response response =
      answer_resource(request, *std::move(resource), publication->book.cover_file(), *publication);
  // A picture, not a page: an SVG opened by itself runs nothing and is nobody's origin.
  response.headers.set("Content-Security-Policy",
                       "default-src 'none'; style-src 'unsafe-inline'; sandbox");
  return response;
}

http::Response download(CatalogueStore& store, service::Audit& audit, http::Request& request) {
  const std::string& name = request.path_values["name"];
  constexpr std::string_view kSuffix = ".epub";
  const auto catalogue = store.current();
  const Publication* publication =
      name.ends_with(kSuffix) ? catalogue->find(name.substr(0, name.size() - kSuffix.size()))
                              : nullptr;
  if (!publication) return http::problem(Error(ErrorKind::not_found, "no such book"), request);
  auto file = open_file(publication->file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (!file) return http::problem(file.error(), request);
  auto response = http::serve_file(request, *std::move(file),
                                   {.content_type = std::string(kEpubType),
                                    .entity_tag = "",
                                    .cache_control = "no-cache",
                                    .download_name = name});
  if (!response) return http::problem(response.error(), request);
  audit.record(request, "publication.download", service::Outcome::success,
               {{"publication", publication->id}});
  return *std::move(response);
}

}  // namespace

std::string book_file_address(std::string_view id, std::string_view file) {
  return "/book/" + http::percent_encode_path(id) + "/" + http::percent_encode_path(file);
}

std::string cover_address(std::string_view id) { return "/covers/" + http::percent_encode(id); }

std::string download_address(std::string_view id) {
  return "/download/" + http::percent_encode(id) + ".epub";
}

bool is_shown_in_browser(std::string_view media_type) {
  return std::find(kShownTypes.begin(), kShownTypes.end(), media_type) != kShownTypes.end();
}

std::string with_reading_style(std::string_view xhtml) {
  std::string out(xhtml);
  for (std::size_t at = out.find("<head"); at != std::string::npos;
       at = out.find("<head", at + 1)) {
    const char after = at + 5 < out.size() ? out[at + 5] : '\0';
    const std::size_t end = out.find('>', at);
    const bool is_head = after == '>' || after == ' ' || after == '\n' || after == '\r';
    if (!is_head || end == std::string::npos || out[end - 1] == '/') continue;
    out.insert(end + 1, kStyleLink);
    break;
  }
  return out;
}

void add_book_files(http::Router& router, service::Audit& audit,
                    const std::shared_ptr<CatalogueStore>& catalogue) {
  router.get("/book/{id}/{path...}", at_book_origin([catalogue](http::Request& request) {
               return book_file(*catalogue, request);
             }));
  router.get("/reading.css", at_book_origin(reading_style));
  router.get("/covers/{id}", at_site(http::Handler([catalogue](http::Request& request) {
               return cover(*catalogue, request);
             })));
  router.get("/download/{name}", at_site(http::Handler([catalogue, &audit](http::Request& request) {
               return download(*catalogue, audit, request);
             })));
}

}  // namespace bulkhead::services::publications
