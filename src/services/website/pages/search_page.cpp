#include "services/website/pages/search_page.h"

#include "base/text.h"
#include "service/components.h"
#include "services/website/domain/page_search.h"
#include "services/website/pages/content_pages.h"

namespace bulkhead::services::website {
namespace {

using service::Visit;

constexpr std::uint64_t kResultsPageSize = 20;
constexpr std::size_t kQueryLengthMax = 500;
// Results beyond are not counted out by paging: who needs them searches for more words.
constexpr std::uint64_t kResultsMax = 200;

json::Array results_of(const Visit& visit, const search::Answer& answer) {
  json::Array out;
  for (const search::Hit& hit : answer.hits) {
    const auto address = hit.stored.find("address");
    if (address == hit.stored.end()) continue;
    json::Object result{{"href", visit.link(address->second)},
                        {"title", hit.title},
                        {"snippet_html", hit.snippet_html}};
    const auto language = service::language_from_code(hit.language);
    if (language && *language != visit.language) {
      result.set("lang", service::code_of(*language));
      result.set("dir", service::direction_of(*language));
    }
    out.push_back(std::move(result));
  }
  return out;
}

Result<http::Response> search_page(Visit& visit, ContentStore& store, PageSearch& searcher) {
  const std::string words = visit.request.query.get("q").substr(0, kQueryLengthMax);
  json::Object model{{"form_html", service::search_form(visit, visit.link("/search"),
                                                        visit.text("search.label"), words)}};
  if (!trim(words).empty()) {
    service::Paging paging = service::paging_from(visit.request, kResultsMax, kResultsPageSize);
    const search::Answer answer =
        TRY(searcher.search(store.current(), words, service::code_of(visit.language),
                            paging.offset(), paging.page_size));
    paging.total = std::min(answer.total, kResultsMax);
    model.set("has_results", !answer.hits.empty());
    model.set("results", results_of(visit, answer));
    model.set("paging_html", service::pagination(visit, paging));
    if (answer.hits.empty()) {
      model.set("empty_html",
                service::empty_state(visit.text("search.none"), visit.text("search.none_text")));
    }
    if (!answer.suggestion.empty()) {
      model.set("suggestion", visit.text("search.suggestion", {{"words", answer.suggestion}}));
      model.set("suggestion_href", service::with_query(visit.request, "q", answer.suggestion));
    }
  }
  return visit.page({.title = visit.text("search.title"),
                     .content = visit.render("search", model),
                     .breadcrumbs = {{visit.text("nav.home"), visit.link("/")}},
                     .robots = service::Robots::no_index});
}

}  // namespace

void add_search_page(service::Context& context, const std::shared_ptr<ContentStore>& content) {
  const auto searcher = std::make_shared<PageSearch>(context.data / ".search", site_languages());
  context.site.get("/search", [content, searcher](Visit& visit) {
    return search_page(visit, *content, *searcher);
  });
}

}  // namespace bulkhead::services::website
