#include "services/website/pages/machine_pages.h"

#include <fmt/format.h>

#include "base/text.h"
#include "http/feed.h"
#include "services/website/pages/content_pages.h"

namespace bulkhead::services::website {
namespace {

using service::Visit;

constexpr std::size_t kFeedEntriesMax = 50;
constexpr std::chrono::hours kSecurityTextLifetime{24 * 180};
constexpr std::string_view kFeedPath = "/news/feed.atom";

std::string host_of(std::string_view origin) {
  const std::size_t scheme = origin.find("://");
  const std::string_view host =
      scheme == std::string_view::npos ? origin : origin.substr(scheme + 3);
  return std::string(host.substr(0, host.find(':')));
}

std::string address_in(std::string_view origin, std::string_view language, std::string_view path) {
  return fmt::format("{}/{}{}", origin, language, path == "/" ? "" : path);
}

void add_entry(http::FeedWriter& feed, const FeedFrame& frame, const Content& content,
               const NewsItem& item) {
  const Document& document = content.in_language(item.translations, frame.language);
  const std::string midnight = item.date + "T00:00:00Z";
  feed.begin_entry(document.language);
  feed.element("title", document.title);
  feed.element("id", fmt::format("tag:{},{}:{}/{}", host_of(frame.origin), item.date, item.slug,
                                 frame.language));
  feed.link({.relation = "alternate",
             .type = "text/html",
             .href = address_in(frame.origin, frame.language, address_of(item))});
  feed.element("published", midnight);
  feed.element("updated", midnight);
  feed.element("summary", document.description);
  feed.content("html", document.html);
  feed.end_entry();
}

void append_addresses(std::string& out, std::string_view origin, const std::string& path,
                      const Translations& translations) {
  std::string alternates;
  const auto add_alternate = [&](std::string_view code, const std::string& address) {
    alternates += fmt::format("<xhtml:link rel=\"alternate\" hreflang=\"{}\" href=\"{}\"/>\n", code,
                              escape_html(address));
  };
  for (const auto& [language, document] : translations) {
    add_alternate(language, address_in(origin, language, path));
  }
  add_alternate("x-default", std::string(origin) + path);
  for (const auto& [language, document] : translations) {
    out += fmt::format("<url>\n<loc>{}</loc>\n<lastmod>{}</lastmod>\n{}</url>\n",
                       escape_html(address_in(origin, language, path)),
                       to_rfc3339(document.modified).substr(0, 10), alternates);
  }
}

http::Response of_type(std::string body, std::string type) {
  http::Response response = http::Response::text(std::move(body));
  response.headers.set("Content-Type", std::move(type));
  return response;
}

}  // namespace

std::string atom_feed(const FeedFrame& frame, const Content& content) {
  const std::string updated = content.news().empty() ? "2026-01-01" : content.news().front().date;
  http::FeedWriter feed(frame.language);
  feed.element("title", frame.title);
  feed.element("id", fmt::format("tag:{},2026:news/{}", host_of(frame.origin), frame.language));
  feed.element("updated", updated + "T00:00:00Z");
  feed.author(frame.title);
  feed.link({.relation = "self",
             .type = http::kAtomType,
             .href = address_in(frame.origin, frame.language, kFeedPath)});
  feed.link({.relation = "alternate",
             .type = "text/html",
             .href = address_in(frame.origin, frame.language, "/news")});
  for (std::size_t i = 0; i < content.news().size() && i < kFeedEntriesMax; ++i) {
    add_entry(feed, frame, content, content.news()[i]);
  }
  return std::move(feed).finish();
}

std::string sitemap(std::string_view origin, const Content& content) {
  std::string out =
      "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
      "<urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\" "
      "xmlns:xhtml=\"http://www.w3.org/1999/xhtml\">\n";
  for (const auto& [path, translations] : content.pages()) {
    append_addresses(out, origin, "/" + path, translations);
  }
  for (const NewsItem& item : content.news()) {
    append_addresses(out, origin, address_of(item), item.translations);
  }
  return out + "</urlset>\n";
}

std::string robots_text(std::string_view origin) {
  std::string out = "User-agent: *\n";
  for (const std::string_view language : site_languages()) {
    out += fmt::format("Disallow: /{}/search\n", language);
  }
  return out + fmt::format("\nSitemap: {}/sitemap.xml\n", origin);
}

std::string security_text(std::string_view origin, std::string_view contact, WallTime expires) {
  std::string languages;
  for (const std::string_view language : site_languages()) {
    languages += (languages.empty() ? "" : ", ") + std::string(language);
  }
  return fmt::format(
      "Contact: {}\nExpires: {}\nPreferred-Languages: {}\n"
      "Canonical: {}/.well-known/security.txt\n",
      contact, to_rfc3339(expires), languages, origin);
}

void add_machine_pages(service::Context& context, http::Router& router,
                       const std::shared_ptr<ContentStore>& content,
                       const std::string& security_contact) {
  context.site.get(std::string(kFeedPath), [content](Visit& visit) -> Result<http::Response> {
    const FeedFrame frame{.title = visit.text("news.title") + " – " + visit.text("service.name"),
                          .language = std::string(service::code_of(visit.language)),
                          .origin = visit.origin()};
    return of_type(atom_feed(frame, *content->current()), "application/atom+xml; charset=utf-8");
  });
  const service::Site& site = context.site;
  const auto origin_of = [&site](http::Request& request) {
    return Visit(site, request, service::Language::en).origin();
  };
  router.get("/sitemap.xml", [content, origin_of](http::Request& request) {
    return of_type(sitemap(origin_of(request), *content->current()),
                   "application/xml; charset=utf-8");
  });
  router.get("/robots.txt", [origin_of](http::Request& request) {
    return http::Response::text(robots_text(origin_of(request)));
  });
  router.get("/.well-known/security.txt", [security_contact, origin_of,
                                           &clock = context.clock](http::Request& request) {
    const std::string origin = origin_of(request);
    const WallTime day = std::chrono::floor<std::chrono::days>(clock.now()) + kSecurityTextLifetime;
    return http::Response::text(security_text(
        origin, security_contact.empty() ? origin + "/en/contact" : security_contact, day));
  });
}

}  // namespace bulkhead::services::website
