// What stands around a page: ServiceSite's part that fills templates/frame.mustache.
#include <algorithm>

#include "http/url.h"
#include "service/internal/site.h"

namespace bulkhead::service::internal {
namespace {

json::Array links_of(const std::vector<Link>& links) {
  json::Array out;
  for (const Link& link : links) {
    out.push_back(json::Object{{"text", link.text}, {"href", link.href}});
  }
  return out;
}

}  // namespace

std::string ServiceSite::organisation(Language language) const {
  const auto name = options_.organisation.find(language);
  return name == options_.organisation.end() ? std::string(kOrganisationDefault) : name->second;
}

// The status page is a host of the same gateway, so it is at the port that the visitor came to.
std::string ServiceSite::status_url(const Visit& visit) const {
  std::string url = options_.status_url;
  const auto replace = [&](std::string_view place, std::string_view value) {
    const std::size_t at = url.find(place);
    if (at != std::string::npos) url.replace(at, place.size(), value);
  };
  const std::string origin = visit.origin();
  const std::size_t colon = origin.find(':', std::string_view("https://").size());
  const bool has_port = colon != std::string::npos && origin.find(']') == std::string::npos;
  replace("{port}", has_port ? std::string_view(origin).substr(colon) : "");
  replace("{language}", code_of(visit.language));
  return url;
}

// The same page in each language, with the filters of its query.
json::Array ServiceSite::language_links(const Visit& visit) const {
  json::Array links;
  const std::string path = visit.neutral_path();
  for (const Language language : kLanguages) {
    links.push_back(json::Object{{"code", code_of(language)},
                                 {"dir", direction_of(language)},
                                 {"name", native_name_of(language)},
                                 {"href", "/" + std::string(code_of(language)) +
                                              (path == "/" ? "" : http::percent_encode_path(path)) +
                                              raw_query(visit.request)},
                                 {"current", language == visit.language}});
  }
  return links;
}

json::Array ServiceSite::alternate_links(const Visit& visit, const Page& page) const {
  json::Array links;
  if (page.status != 200 || page.robots == Robots::no_index) return links;
  const std::string path = visit.neutral_path();
  const std::string rest = path == "/" ? "" : http::percent_encode_path(path);
  for (const Language language : kLanguages) {
    const bool available = page.available.empty() ||
                           std::ranges::find(page.available, language) != page.available.end();
    if (!available) continue;
    const std::string code(code_of(language));
    links.push_back(json::Object{{"code", code}, {"href", visit.origin() + "/" + code + rest}});
  }
  links.push_back(
      json::Object{{"code", "x-default"}, {"href", visit.origin() + (rest.empty() ? "/" : rest)}});
  return links;
}

json::Array ServiceSite::navigation_links(const Visit& visit) const {
  json::Array links;
  const std::string here = visit.neutral_path();
  if (!navigation_) return links;
  for (const Link& item : navigation_(visit)) {
    // The item of the page itself, or of the section that the page is in.
    const bool inside = item.href != "/" && here.starts_with(item.href + "/");
    json::Object link{{"text", item.text}, {"href", visit.link(item.href)}};
    if (here == item.href || inside) link.set("current", here == item.href ? "page" : "true");
    links.push_back(std::move(link));
  }
  return links;
}

std::string ServiceSite::banner(const Visit& visit) const {
  const std::string_view exposure =
      visit.request.headers.find("X-Bulkhead-Exposure").value_or("public");
  if (exposure == "read-only") return visit.text("kit.banner.read_only");
  if (exposure == "members") return visit.text("kit.banner.members");
  if (exposure == "operators") return visit.text("kit.banner.operators");
  return "";
}

json::Object ServiceSite::frame_model(const Visit& visit, const Page& page) const {
  json::Array breadcrumbs = links_of(page.breadcrumbs);
  json::Array navigation = navigation_links(visit);
  json::Array feeds;
  for (const Feed& feed : page.feeds) {
    feeds.push_back(json::Object{{"title", feed.title}, {"href", feed.href}, {"type", feed.type}});
  }
  const std::string service_name = visit.text("service.name");
  json::Object model{
      {"lang", code_of(visit.language)},
      {"dir", direction_of(visit.language)},
      {"document_title", page.title == service_name
                             ? service_name + " – " + organisation(visit.language)
                             : page.title + " – " + service_name},
      {"description", page.description},
      {"no_index", page.robots == Robots::no_index},
      {"style_path", assets_.path_of("site.css")},
      {"script_path", assets_.path_of("site.js")},
      {"icon_path", assets_.path_of("icon.svg")},
      {"organisation", organisation(visit.language)},
      {"service_name", service_name},
      {"service_tagline", visit.text("service.tagline")},
      {"status_url", status_url(visit)},
      {"has_footer_links", !options_.status_url.empty() || !options_.footer_links.empty()},
      {"footer_links", links_of(options_.footer_links)},
      {"banner", banner(visit)},
      {"alternates", alternate_links(visit, page)},
      {"languages", language_links(visit)},
      {"has_navigation", !navigation.empty()},
      {"navigation", std::move(navigation)},
      {"has_breadcrumbs", !breadcrumbs.empty()},
      {"breadcrumbs", std::move(breadcrumbs)},
      {"feeds", std::move(feeds)},
      {"heading", page.heading == Heading::by_frame ? page.title : ""},
      {"lead", page.lead},
      {"content", page.content}};
  if (page.content_language && *page.content_language != visit.language) {
    const std::string shown =
        visit.text("kit.in_language." + std::string(code_of(*page.content_language)));
    model.set("fallback_notice", visit.text("kit.fallback", {{"shown", shown}}));
    model.set("content_lang", code_of(*page.content_language));
    model.set("content_dir", direction_of(*page.content_language));
  }
  return model;
}

http::Response ServiceSite::respond(Visit& visit, Page page) const {
  const json::Object model = frame_model(visit, page);
  http::Response response =
      http::Response::html(templates_.render(visit.language, "frame", model), page.status);
  response.headers.set("Content-Language", std::string(code_of(visit.language)));
  response.headers.set("Cache-Control", "private, no-cache");
  if (!visit.new_form_cookie_.empty()) {
    response.headers.add("Set-Cookie", std::string(kFormCookie) + "=" + visit.new_form_cookie_ +
                                           "; Path=/; Secure; HttpOnly; SameSite=Strict");
  }
  return response;
}

}  // namespace bulkhead::service::internal
