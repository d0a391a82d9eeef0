// The pages of one service: routes under /<language>/…, templates, forms, and the frame.
//
//   context.site.set_navigation({{"nav.ports", "/ports"}});
//   context.site.get("/ports/{code}", [&](Visit& visit) -> Result<http::Response> {
//     const Port port = TRY(ports.find(visit.request.path_values["code"]));   // error → its page
//     return visit.page({.title = port.name,
//                        .content = visit.render("port", {{"name", port.name}})});
//   });
//
// Templates are mustache, templates/<name>.mustache among the service's embedded files: {{x}} is
// escaped, {{{x}}} is HTML, {{t.ports.title}} a text of the catalogue, {{base}} the "/fr" before
// every link, and {{>name}} another template, of the service or of the kit. A template that does
// not parse stops the start. Site is built during set-up and shared by all threads afterwards; a
// Visit belongs to one request.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "http/multipart.h"
#include "http/router.h"
#include "json/value.h"
#include "service/format.h"
#include "service/messages.h"
#include "service/page.h"

namespace bulkhead::service {

class Site;
namespace internal {
class ServiceSite;
}

class Visit {
 public:
  Visit(const Site& site, http::Request& incoming, Language page_language);

  http::Request& request;
  const Language language;
  // In a handler of Site::post: the decoded fields, after the token was checked.
  http::Parameters form;
  // In a handler of Site::post_upload: the files that were sent with them.
  std::vector<http::FormPart> files;

  // Texts of the catalogue, plain.
  std::string text(std::string_view key, const Arguments& arguments = {}) const;
  std::string plural(std::string_view key, std::int64_t count,
                     const Arguments& arguments = {}) const;
  std::string date(WallTime time) const { return format_date(language, time); }
  std::string short_date(WallTime time) const { return format_short_date(language, time); }
  std::string date_time(WallTime time) const { return format_date_time(language, time); }
  std::string number(std::int64_t value) const { return format_number(language, value); }

  // "/ports" → "/fr/ports".
  std::string link(std::string_view path) const;
  // "https://gisis.example": of the Host that was asked for; for feeds, sitemaps and hreflang.
  std::string origin() const;
  // The path without its language: "/ports/42"; it is the same page in every language.
  std::string neutral_path() const;
  // While it is, show no forms; Site::post refuses them by itself.
  bool read_only() const;

  // Hidden fields that every form with method=post must hold; sets the cookie that they match.
  std::string form_fields();

  // HTML made of a template; `model` is found by its keys.
  std::string render(std::string_view name, const json::Object& model) const;
  http::Response page(Page page);
  // The designed page for an error; problem+json where the request asked for JSON.
  http::Response error_page(const Error& error);

 private:
  friend class internal::ServiceSite;
  const Site& site_;
  Bytes upload_;                 // what `files` are views into
  std::string new_form_cookie_;  // empty: the visitor has one already, or no form was shown
};

using PageHandler = std::function<Result<http::Response>(Visit&)>;

// A text key and a path without language: {"nav.ports", "/ports"}.
struct NavigationItem {
  std::string text_key;
  std::string path;
};

inline constexpr std::string_view kOrganisationDefault = "Bulkhead sample estate";

struct SiteOptions {
  std::string service;  // its name is the text `service.name` of its catalogue
  std::span<const EmbeddedFile> files;
  Bytes form_key;  // 32 secret bytes
  // Its name in each language; a language that is missing gets kOrganisationDefault.
  std::map<Language, std::string> organisation;
  // "https://status.example{port}/{language}/": {port} is the port that the visitor came to
  // (":8443", or nothing for 443), {language} the page's. Empty: no link to a status page.
  std::string status_url;
  std::vector<Link> footer_links;
};

class Site {
 public:
  static Result<std::unique_ptr<Site>> create(http::Router& router, Clock& clock, Random& random,
                                              SiteOptions options);
  virtual ~Site() = default;

  virtual void set_navigation(std::vector<NavigationItem> items) = 0;
  // For a menu that depends on the service's content: asked for each page. `href` without language.
  using NavigationSource = std::function<std::vector<Link>(const Visit& visit)>;
  virtual void set_navigation(NavigationSource source) = 0;
  // Adds the route under all six languages. `pattern` is the router's, without the language.
  virtual void get(std::string pattern, PageHandler handler) = 0;
  // As get, for forms (urlencoded, kFormSizeMax): refused while read-only, and without its token.
  virtual void post(std::string pattern, PageHandler handler) = 0;
  // As post, for forms with files (multipart/form-data) of up to `size_max` bytes in all.
  virtual void post_upload(std::string pattern, std::size_t size_max, PageHandler handler) = 0;
  virtual const Catalogue& messages() const = 0;
  // Where a file of web/ is served: asset_path("site.css") is "/assets/site.<hash>.css".
  virtual std::string asset_path(std::string_view name) const = 0;

 protected:
  friend class Visit;
  virtual std::string render(Language language, std::string_view name,
                             const json::Object& model) const = 0;
  virtual http::Response respond(Visit& visit, Page page) const = 0;
  virtual http::Response respond_error(Visit& visit, const Error& error) const = 0;
  virtual std::string form_fields(Visit& visit) const = 0;
};

inline constexpr std::size_t kFormSizeMax = 1024 * 1024;

}  // namespace bulkhead::service
