#include "services/website/pages/content_pages.h"

#include <array>

#include "base/check.h"
#include "base/text.h"

namespace bulkhead::services::website {
namespace {

using service::Card;
using service::Page;
using service::Visit;

constexpr std::size_t kNewsOnHomePage = 3;

service::Language language_of(const Document& document) {
  const auto language = service::language_from_code(document.language);
  CHECK(language);  // Content reads no other
  return *language;
}

std::vector<service::Language> languages_of(const Translations& translations) {
  std::vector<service::Language> out;
  for (const auto& [code, document] : translations) out.push_back(language_of(document));
  return out;
}

WallTime time_of_day(std::string_view date) {
  const auto time = from_rfc3339(std::string(date) + "T00:00:00Z");
  CHECK(time);  // Content takes no other
  return *time;
}

std::vector<service::Feed> feeds(const Visit& visit) {
  return {{.title = visit.text("news.feed"), .href = visit.link("/news/feed.atom")}};
}

Card card_of(const Visit& visit, const Content& content, const NewsItem& item) {
  const Document& document =
      content.in_language(item.translations, service::code_of(visit.language));
  return {.title = document.title,
          .href = visit.link(address_of(item)),
          .text = document.description,
          .meta = visit.date(time_of_day(item.date)),
          .text_language = language_if_other(visit, document)};
}

std::string topic_cards(const Visit& visit, const Content& content) {
  std::vector<Card> cards;
  for (const Document* document : content.menu(service::code_of(visit.language))) {
    if (document->path.empty()) continue;
    cards.push_back({.title = document->title,
                     .href = visit.link(address_of(*document)),
                     .text = document->description,
                     .meta = {},
                     .text_language = language_if_other(visit, *document)});
  }
  return service::card_list(cards, service::CardHeading::h3);
}

std::string news_cards(const Visit& visit, const Content& content) {
  std::vector<Card> cards;
  for (std::size_t i = 0; i < content.news().size() && i < kNewsOnHomePage; ++i) {
    cards.push_back(card_of(visit, content, content.news()[i]));
  }
  return cards.empty() ? "" : service::card_list(cards, service::CardHeading::h3);
}

Result<http::Response> home(Visit& visit, const Content& content) {
  const Translations* translations = content.page("");
  if (!translations) {
    return fail(ErrorKind::unavailable, "the content holds no home page", Retry::may_help);
  }
  const Document& document = content.in_language(*translations, service::code_of(visit.language));
  Page page{.title = document.title,
            .description = document.description,
            .content_language = language_if_other(visit, document),
            .available = languages_of(*translations),
            .feeds = feeds(visit),
            .lead = document.description};
  json::Object model{{"text_html", document.html},
                     {"topics_html", topic_cards(visit, content)},
                     {"news_html", news_cards(visit, content)}};
  if (page.content_language) {
    // The frame marks all of the content as of the other language; the lists are in the page's.
    model.set("menu_lang", service::code_of(visit.language));
    model.set("menu_dir", service::direction_of(visit.language));
  }
  page.content = visit.render("home", model);
  return visit.page(std::move(page));
}

// Home, and each page whose path the page's own path begins with.
std::vector<service::Link> breadcrumbs(const Visit& visit, const Content& content,
                                       std::string_view path) {
  std::vector<service::Link> out{{visit.text("nav.home"), visit.link("/")}};
  for (std::size_t slash = path.find('/'); slash != std::string_view::npos;
       slash = path.find('/', slash + 1)) {
    const Translations* parent = content.page(path.substr(0, slash));
    if (!parent) continue;
    const Document& document = content.in_language(*parent, service::code_of(visit.language));
    out.push_back({document.title, visit.link(address_of(document))});
  }
  return out;
}

std::string sample_notice(const Visit& visit, const Document& document) {
  if (!document.is_sample) return "";
  return service::notice(visit, service::Notice::sample,
                         "<p>" + escape_html(visit.text("page.sample")) + "</p>");
}

Result<http::Response> page(Visit& visit, const Content& content) {
  const std::string& path = visit.request.path_values["path"];
  const Translations* translations = path.empty() ? nullptr : content.page(path);
  if (!translations) return fail(ErrorKind::not_found, "there is no page " + path);
  const Document& document = content.in_language(*translations, service::code_of(visit.language));
  return visit.page({.title = document.title,
                     .description = document.description,
                     .content = sample_notice(visit, document) + "<div class=\"prose\">" +
                                document.html + "</div>",
                     .content_language = language_if_other(visit, document),
                     .available = languages_of(*translations),
                     .breadcrumbs = breadcrumbs(visit, content, path),
                     .lead = document.description});
}

Result<http::Response> news_list(Visit& visit, const Content& content) {
  Page page{.title = visit.text("news.title"),
            .description = visit.text("news.description"),
            .breadcrumbs = {{visit.text("nav.home"), visit.link("/")}},
            .feeds = feeds(visit)};
  if (content.news().empty()) {
    page.content = service::empty_state(visit.text("news.none"), visit.text("news.none_text"));
    return visit.page(std::move(page));
  }
  const service::Paging paging =
      service::paging_from(visit.request, content.news().size(), kNewsPageSize);
  std::vector<Card> cards;
  for (std::size_t i = paging.offset();
       i < content.news().size() && i < paging.offset() + paging.page_size; ++i) {
    cards.push_back(card_of(visit, content, content.news()[i]));
  }
  page.content = service::card_list(cards) + service::pagination(visit, paging) + "<p><a href=\"" +
                 escape_html(visit.link("/news/feed.atom")) + "\">" +
                 escape_html(visit.text("news.subscribe")) + "</a></p>";
  return visit.page(std::move(page));
}

Result<http::Response> news_item(Visit& visit, const Content& content) {
  const std::string& slug = visit.request.path_values["slug"];
  const NewsItem* item = content.news_item(slug);
  if (!item) return fail(ErrorKind::not_found, "there is no news item " + slug);
  const Document& document =
      content.in_language(item->translations, service::code_of(visit.language));
  const std::string published =
      visit.text("news.published", {{"date", visit.date(time_of_day(item->date))}});
  return visit.page(
      {.title = document.title,
       .description = document.description,
       .content = visit.render("news_item", {{"date", item->date},
                                             {"published", published},
                                             {"sample_html", sample_notice(visit, document)},
                                             {"text_html", document.html}}),
       .content_language = language_if_other(visit, document),
       .available = languages_of(item->translations),
       .breadcrumbs = {{visit.text("nav.home"), visit.link("/")},
                       {visit.text("news.title"), visit.link("/news")}},
       .feeds = feeds(visit)});
}

using ContentHandler = Result<http::Response> (*)(Visit&, const Content&);

service::PageHandler with(const std::shared_ptr<ContentStore>& store, ContentHandler handler) {
  return [store, handler](Visit& visit) {
    const auto content = store->current();
    return handler(visit, *content);
  };
}

}  // namespace

std::span<const std::string_view> site_languages() {
  static const auto codes = [] {
    std::array<std::string_view, service::kLanguages.size()> out;
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = service::code_of(service::kLanguages[i]);
    return out;
  }();
  return codes;
}

std::string address_of(const Document& page) { return "/" + page.path; }

std::string address_of(const NewsItem& item) { return "/news/" + item.slug; }

std::optional<service::Language> language_if_other(const Visit& visit, const Document& document) {
  const service::Language language = language_of(document);
  if (language == visit.language) return std::nullopt;
  return language;
}

std::vector<service::Link> main_menu(const Visit& visit, const Content& content) {
  std::vector<service::Link> out;
  for (const Document* document : content.menu(service::code_of(visit.language))) {
    // A page without a translation is left to the lists, where its language is marked.
    if (document->path.empty() || language_if_other(visit, *document)) continue;
    out.push_back({document->menu_title, address_of(*document)});
  }
  out.push_back({visit.text("nav.news"), "/news"});
  out.push_back({visit.text("nav.contact"), "/contact"});
  out.push_back({visit.text("nav.search"), "/search"});
  return out;
}

void add_content_pages(service::Site& site, const std::shared_ptr<ContentStore>& content) {
  site.get("/", with(content, home));
  site.get("/news", with(content, news_list));
  site.get("/news/{slug}", with(content, news_item));
  site.get("/{path...}", with(content, page));
}

}  // namespace bulkhead::services::website
