#include "services/publications/pages/catalogue_pages.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/text.h"
#include "http/url.h"
#include "services/publications/pages/book_files.h"
#include "services/publications/pages/origins.h"

namespace bulkhead::services::publications {
namespace {

using service::Visit;

constexpr std::size_t kQueryLengthMax = 200;
constexpr std::string_view kOpdsType = "application/atom+xml;profile=opds-catalog;kind=navigation";

std::vector<service::Feed> feeds(const Visit& visit) {
  return {{.title = visit.text("opds.title"),
           .href = visit.link("/opds"),
           .type = std::string(kOpdsType)}};
}

std::string filters(const Visit& visit, const Catalogue& catalogue, const Criteria& criteria) {
  std::vector<service::Choice> languages{{"", visit.text("catalogue.any_language")}};
  for (const std::string& code : catalogue.languages()) {
    languages.push_back({code, language_name(code)});
  }
  return service::filter_form(visit, visit.link("/"),
                              {{.kind = service::FieldKind::search,
                                .name = "q",
                                .label = visit.text("catalogue.search"),
                                .value = criteria.text},
                               {.kind = service::FieldKind::choice,
                                .name = "language",
                                .label = visit.text("catalogue.language"),
                                .value = criteria.language,
                                .choices = std::move(languages)}});
}

json::Object card_of(const Visit& visit, const Publication& publication) {
  json::Object card{
      {"title", publication.title},
      {"href", visit.link(address_of(publication))},
      {"authors", fmt::format("{}", fmt::join(publication.authors, ", "))},
      {"language", language_name(publication.language)},
      {"date", publication.date},
      {"code", publication.code},
      {"cover", publication.book.cover_file().empty() ? "" : cover_address(publication.id)}};
  set_language(card, publication);
  return card;
}

// The visitor's language first; each part by title as before.
std::vector<const Publication*> own_language_first(const std::vector<const Publication*>& found,
                                                   std::string_view language) {
  std::vector<const Publication*> out;
  for (const bool own : {true, false}) {
    for (const Publication* publication : found) {
      if ((publication->language == language) == own) out.push_back(publication);
    }
  }
  return out;
}

Result<http::Response> catalogue_page(Visit& visit, CatalogueStore& store) {
  const auto catalogue = store.current();
  const Criteria criteria{
      .text = std::string(trim(visit.request.query.get("q").substr(0, kQueryLengthMax))),
      .language = visit.request.query.get("language")};
  const std::vector<const Publication*> found =
      own_language_first(catalogue->search(criteria), service::code_of(visit.language));
  const service::Paging paging =
      service::paging_from(visit.request, found.size(), kCataloguePageSize);
  json::Array books;
  for (std::size_t i = paging.offset(); i < found.size() && i < paging.offset() + paging.page_size;
       ++i) {
    books.push_back(card_of(visit, *found[i]));
  }
  json::Object model{
      {"filters_html", filters(visit, *catalogue, criteria)},
      {"has_books", !found.empty()},
      {"found", visit.plural("catalogue.found", static_cast<std::int64_t>(found.size()))},
      {"books", std::move(books)},
      {"paging_html", service::pagination(visit, paging)}};
  if (found.empty()) {
    model.set("empty_html",
              service::empty_state(visit.text("catalogue.none"), visit.text("catalogue.none_text"),
                                   {visit.text("catalogue.all"), visit.link("/")}));
  }
  return visit.page({.title = visit.text("service.name"),
                     .description = visit.text("catalogue.lead"),
                     .content = visit.render("catalogue", model),
                     .feeds = feeds(visit),
                     .lead = visit.text("catalogue.lead")});
}

std::string in_book_language(const Publication& publication, std::string_view text) {
  json::Object attributes;
  set_language(attributes, publication);
  return fmt::format("<span lang=\"{}\" dir=\"{}\">{}</span>", *attributes.find("lang")->string(),
                     *attributes.find("dir")->string(), escape_html(text));
}

std::string facts(const Visit& visit, const Publication& publication) {
  std::vector<service::Fact> out;
  const auto add = [&](std::string_view key, const std::string& html) {
    if (!html.empty()) out.push_back({visit.text(key), html});
  };
  const auto own = [&](const std::string& text) {
    return text.empty() ? "" : in_book_language(publication, text);
  };
  add("book.authors", own(fmt::format("{}", fmt::join(publication.authors, ", "))));
  add("book.language", own(language_name(publication.language)));
  add("book.code", publication.code.empty()
                       ? ""
                       : "<span class=\"identifier\">" + escape_html(publication.code) + "</span>");
  add("book.publisher", own(publication.publisher));
  add("book.date",
      publication.date.empty() ? "" : "<bdi>" + escape_html(publication.date) + "</bdi>");
  add("book.subjects", own(fmt::format("{}", fmt::join(publication.subjects, ", "))));
  const auto chapters = static_cast<std::int64_t>(publication.book.chapters().size());
  add("book.chapters", escape_html(visit.plural("book.chapter_count", chapters)));
  add("book.rights", own(publication.book.metadata().rights));
  return service::fact_list(out);
}

Result<http::Response> publication_page(Visit& visit, CatalogueStore& store) {
  const auto catalogue = store.current();
  const Publication* publication = catalogue->find(visit.request.path_values["id"]);
  if (!publication) return fail(ErrorKind::not_found, "there is no such publication");
  const std::string size = service::format_size(visit.language, publication->size);
  json::Object model{
      {"title", publication->title},
      {"description", publication->description},
      {"cover", publication->book.cover_file().empty() ? "" : cover_address(publication->id)},
      {"cover_alt", visit.text("catalogue.cover_of", {{"title", publication->title}})},
      {"read_href", visit.link(reading_address(*publication, 0))},
      {"download_href", download_address(publication->id)},
      {"download", visit.text("book.download", {{"size", size}})},
      {"facts_html", facts(visit, *publication)},
      {"entries", contents_of(visit, *publication, std::nullopt)}};
  set_language(model, *publication);
  if (publication->is_sample) {
    model.set("sample_html",
              service::notice(visit, service::Notice::sample,
                              "<p>" + escape_html(visit.text("book.sample")) + "</p>"));
  }
  return visit.page({.title = publication->title,
                     .description = publication->description,
                     .content = visit.render("book", model),
                     .breadcrumbs = {{visit.text("nav.catalogue"), visit.link("/")}},
                     .feeds = feeds(visit)});
}

// The address of an entry of the contents list; "" where it leads to no chapter.
std::string entry_address(const Visit& visit, const Publication& publication,
                          const ContentsEntry& entry) {
  const auto chapter = publication.book.chapter_of(entry.file);
  if (!chapter) return "";
  std::string address = visit.link(reading_address(publication, *chapter));
  if (!entry.fragment.empty()) address += "?at=" + http::percent_encode(entry.fragment);
  return address;
}

// The entry of the place in the open chapter, or else the chapter's first one.
const ContentsEntry* open_entry(const Book& book, std::size_t chapter, std::string_view fragment) {
  const ContentsEntry* first = nullptr;
  for (const ContentsEntry& entry : book.contents()) {
    if (book.chapter_of(entry.file) != chapter) continue;
    if (!fragment.empty() && entry.fragment == fragment) return &entry;
    if (first == nullptr) first = &entry;
  }
  return first;
}

}  // namespace

std::string address_of(const Publication& publication) { return "/publications/" + publication.id; }

std::string reading_address(const Publication& publication, std::size_t chapter) {
  return fmt::format("{}/read/{}", address_of(publication), chapter + 1);
}

std::string language_name(std::string_view code) {
  if (const auto language = service::language_from_code(code)) {
    return std::string(service::native_name_of(*language));
  }
  std::string out(code);
  std::transform(out.begin(), out.end(), out.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  return out;
}

void set_language(json::Object& model, const Publication& publication) {
  const bool right_to_left = publication.language == "ar" || publication.language == "fa" ||
                             publication.language == "he" || publication.language == "ur";
  model.set("lang", publication.language.empty() ? "und" : publication.language);
  model.set("dir", right_to_left ? "rtl" : "ltr");
}

json::Array contents_of(const Visit& visit, const Publication& publication,
                        std::optional<std::size_t> current, std::string_view fragment) {
  json::Array out;
  const Book& book = publication.book;
  const ContentsEntry* open = current ? open_entry(book, *current, fragment) : nullptr;
  for (const ContentsEntry& entry : book.contents()) {
    const bool is_current = &entry == open;
    out.push_back(json::Object{{"title", entry.title},
                               {"href", entry_address(visit, publication, entry)},
                               {"depth", entry.depth},
                               {"current", is_current}});
  }
  if (!out.empty()) return out;
  // Without a contents list: the chapters themselves.
  for (std::size_t i = 0; i < book.chapters().size(); ++i) {
    const std::string number = visit.number(static_cast<std::int64_t>(i + 1));
    out.push_back(json::Object{{"title", visit.text("reader.chapter", {{"number", number}})},
                               {"href", visit.link(reading_address(publication, i))},
                               {"depth", 0},
                               {"current", current == i}});
  }
  return out;
}

void add_catalogue_pages(service::Site& site, const std::shared_ptr<CatalogueStore>& catalogue) {
  site.get("/", at_site(service::PageHandler(
                    [catalogue](Visit& visit) { return catalogue_page(visit, *catalogue); })));
  site.get("/publications/{id}", at_site(service::PageHandler([catalogue](Visit& visit) {
             return publication_page(visit, *catalogue);
           })));
}

}  // namespace bulkhead::services::publications
