#include "service/internal/site.h"

#include <algorithm>
#include <exception>

#include "base/log.h"
#include "base/text.h"
#include "http/url.h"
#include "service/service.h"

namespace bulkhead::service {

namespace kit {
std::span<const EmbeddedFile> embedded_files();
}  // namespace kit

namespace internal {
namespace {

Language language_of(const http::Request& request) {
  const std::string_view path = std::string_view(request.path).substr(1);
  if (const auto language = language_from_code(path.substr(0, path.find('/')))) return *language;
  return negotiate_language(request.headers.find("Accept-Language").value_or(""));
}

// A program has asked: by the address of an export, or by what it accepts.
bool is_for_programs(const http::Request& request) {
  for (const std::string_view extension : {".json", ".csv", ".atom"}) {
    if (request.path.ends_with(extension)) return true;
  }
  const std::string_view accept = request.headers.find("Accept").value_or("");
  return accept.find("json") != std::string_view::npos &&
         accept.find("text/html") == std::string_view::npos;
}

// The statuses that have a page of their own in messages/; others get the nearest.
int designed_status(int status) {
  constexpr int kDesigned[] = {400, 403, 404, 405, 409, 413, 429, 500, 503};
  if (std::ranges::find(kDesigned, status) != std::end(kDesigned)) return status;
  return status >= 500 ? 500 : 400;
}

}  // namespace

std::string raw_query(const http::Request& request) {
  const std::size_t mark = request.raw_target.find('?');
  return mark == std::string::npos ? "" : request.raw_target.substr(mark);
}

ServiceSite::ServiceSite(http::Router& router, Clock&, Random& random, SiteOptions options,
                         std::unique_ptr<Catalogue> messages, Templates templates)
    : router_(router),
      random_(random),
      options_(std::move(options)),
      forms_(options_.form_key),
      assets_(built_assets()),
      messages_(std::move(messages)),
      templates_(std::move(templates)) {}

void ServiceSite::set_navigation(std::vector<NavigationItem> items) {
  navigation_ = [items = std::move(items)](const Visit& visit) {
    std::vector<Link> links;
    for (const NavigationItem& item : items)
      links.push_back({visit.text(item.text_key), item.path});
    return links;
  };
}

void ServiceSite::add_for_each_language(
    http::Method method, const std::string& pattern,
    std::function<http::Response(http::Request&, Language)> handler) {
  const std::string rest = pattern == "/" ? "" : pattern;
  for (const Language language : kLanguages) {
    router_.add(method, "/" + std::string(code_of(language)) + rest,
                [handler, language](http::Request& request) { return handler(request, language); });
  }
}

void ServiceSite::get(std::string pattern, PageHandler handler) {
  add_for_each_language(http::Method::get, pattern,
                        [this, handler](http::Request& request, Language language) {
                          Visit visit(*this, request, language);
                          return answer(handler, visit);
                        });
  // Without a language: to the same page in the visitor's.
  router_.get(pattern, [](http::Request& request) {
    const Language language = language_of(request);
    const std::string path = request.path == "/" ? "" : http::percent_encode_path(request.path);
    http::Response response = http::Response::redirect(
        "/" + std::string(code_of(language)) + path + raw_query(request), 302);
    response.headers.set("Vary", "Accept-Language");
    return response;
  });
}

void ServiceSite::post(std::string pattern, PageHandler handler) {
  add_for_each_language(http::Method::post, pattern,
                        [this, handler](http::Request& request, Language language) {
                          Visit visit(*this, request, language);
                          return answer_form(handler, visit, &read_form, kFormSizeMax);
                        });
}

void ServiceSite::post_upload(std::string pattern, std::size_t size_max, PageHandler handler) {
  add_for_each_language(http::Method::post, pattern,
                        [this, size_max, handler](http::Request& request, Language language) {
                          Visit visit(*this, request, language);
                          return answer_form(handler, visit, &read_upload, size_max);
                        });
}

http::Response ServiceSite::answer(const PageHandler& handler, Visit& visit) const {
  try {
    auto response = handler(visit);
    if (response) return std::move(*response);
    return respond_error(visit, response.error());
  } catch (const std::exception& error) {
    return respond_error(visit, Error(ErrorKind::internal, error.what()));
  }
}

http::Response ServiceSite::answer_form(const PageHandler& handler, Visit& visit, FormReader read,
                                        std::size_t size_max) const {
  if (visit.read_only()) {
    Page page{.title = visit.text("kit.read_only.title"),
              .content = "<p>" + escape_html(visit.text("kit.read_only.text")) + "</p>",
              .status = 403,
              .robots = Robots::no_index};
    return respond(visit, std::move(page));
  }
  if (const auto done = read(visit, size_max); !done) return respond_error(visit, done.error());
  if (const auto checked = forms_.check(visit.request, visit.form); !checked) {
    return respond_error(visit, checked.error());
  }
  return answer(handler, visit);
}

Result<void> ServiceSite::read_form(Visit& visit, std::size_t size_max) {
  const std::string_view type = visit.request.headers.find("Content-Type").value_or("");
  if (!type.starts_with("application/x-www-form-urlencoded")) {
    return fail(ErrorKind::invalid, "a form must be sent as application/x-www-form-urlencoded");
  }
  const Bytes body = TRY(http::read_body(*visit.request.body, size_max));
  visit.form = TRY(http::parse_parameters(as_text(body)));
  return {};
}

Result<void> ServiceSite::read_upload(Visit& visit, std::size_t size_max) {
  const std::string type(visit.request.headers.find("Content-Type").value_or(""));
  visit.upload_ = TRY(http::read_body(*visit.request.body, size_max));
  for (http::FormPart& part : TRY(http::parse_multipart(as_text(visit.upload_), type))) {
    if (part.file_name.empty()) {
      visit.form.add(std::move(part.name), std::string(part.content));
    } else {
      visit.files.push_back(std::move(part));
    }
  }
  return {};
}

std::string ServiceSite::form_fields(Visit& visit) const {
  std::string cookie = FormGuard::cookie_of(visit.request);
  if (cookie.empty()) {
    if (visit.new_form_cookie_.empty()) visit.new_form_cookie_ = FormGuard::new_cookie(random_);
    cookie = visit.new_form_cookie_;
  }
  return "<input type=\"hidden\" name=\"" + std::string(kFormField) + "\" value=\"" +
         forms_.token_for(cookie) + "\">";
}

std::string ServiceSite::render(Language language, std::string_view name,
                                const json::Object& model) const {
  return templates_.render(language, name, model);
}

http::Response ServiceSite::respond_error(Visit& visit, const Error& error) const {
  return designed_error(visit, http::status_of(error.kind()), error);
}

http::Response ServiceSite::error_page(int status, const Error& error,
                                       http::Request& request) const {
  Visit visit(*this, request, language_of(request));
  return designed_error(visit, status, error);
}

http::Response ServiceSite::designed_error(Visit& visit, int status, const Error& error) const {
  if (status >= 500) {
    log::error("a request failed", {{"request_id", visit.request.request_id},
                                    {"path", visit.request.path},
                                    {"kind", std::string(name_of(error.kind()))},
                                    {"error", error.message()}});
  }
  if (is_for_programs(visit.request)) {
    http::Response response = http::problem(error, visit.request);
    return response;
  }
  const std::string key = "kit.error.s" + std::to_string(designed_status(status));
  // What the visitor can do something about is said in full; our own failures stay in the log.
  const bool detailed = status == 400 || status == 409 || status == 413;
  const std::string content =
      templates_.render(visit.language, "error",
                        json::Object{{"status", status},
                                     {"title", visit.text(key + ".title")},
                                     {"text", visit.text(key + ".text")},
                                     {"detail", detailed ? error.message() : ""},
                                     {"status_url", status >= 500 ? status_url(visit) : ""},
                                     {"request_id", visit.request.request_id}});
  http::Response response = respond(visit, Page{.title = visit.text(key + ".title"),
                                                .content = content,
                                                .status = status,
                                                .robots = Robots::no_index,
                                                .heading = Heading::in_content});
  if (status == 503) response.headers.set("Retry-After", "30");
  return response;
}

}  // namespace internal

Result<std::unique_ptr<Site>> Site::create(http::Router& router, Clock& clock, Random& random,
                                           SiteOptions options) {
  const std::vector<std::span<const EmbeddedFile>> sources = {kit::embedded_files(), options.files};
  auto messages = std::make_unique<Catalogue>(TRY(Catalogue::load(sources)));
  for (const std::string_view key : {"service.name", "service.tagline"}) {
    if (!messages->has(key)) {
      return fail(ErrorKind::invalid,
                  options.service + ": its messages/en.toml has no text " + std::string(key));
    }
  }
  auto templates = TRY(internal::Templates::load(sources, *messages));
  return std::make_unique<internal::ServiceSite>(router, clock, random, std::move(options),
                                                 std::move(messages), std::move(templates));
}

}  // namespace bulkhead::service
