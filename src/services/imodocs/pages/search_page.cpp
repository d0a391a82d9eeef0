#include "services/imodocs/pages/search_page.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "http/url.h"
#include "services/imodocs/pages/shown.h"

namespace bulkhead::services::imodocs {
namespace {

constexpr std::size_t kHitsPerPage = 20;
constexpr std::size_t kSearchLengthMax = 300;
// Deeper pages cost the index as much as all pages before them.
constexpr std::uint64_t kOffsetMax = 10'000;

std::string facet_label(const service::Visit& visit, const Catalogue& catalogue,
                        std::string_view name, const std::string& value) {
  if (name == "body") return fmt::format("{} – {}", value, body_name(visit, catalogue, value));
  if (name == "type") {
    const auto type = document_type_of(value);
    return type ? type_text(visit, *type) : value;
  }
  if (name == "language") {
    const auto language = service::language_from_code(value);
    return language ? std::string(service::native_name_of(*language)) : value;
  }
  const Session* session = catalogue.find_session(value);
  return session == nullptr ? value : session_title(visit, *session);
}

service::Field facet_field(const service::Visit& visit, const Catalogue& catalogue,
                           const search::Answer& answer, const std::string& name) {
  service::Field field{.kind = service::FieldKind::choice,
                       .name = name,
                       .label = visit.text("document." + name),
                       .value = visit.request.query.get(name)};
  field.choices.push_back({"", visit.text("search.any")});
  bool has_current = field.value.empty();
  if (const auto counts = answer.facets.find(name); counts != answer.facets.end()) {
    for (const auto& [value, count] : counts->second) {
      has_current = has_current || value == field.value;
      field.choices.push_back(
          {value, fmt::format("{} ({})", facet_label(visit, catalogue, name, value),
                              visit.number(static_cast<std::int64_t>(count)))});
    }
  }
  if (!has_current) {
    field.choices.push_back({field.value, facet_label(visit, catalogue, name, field.value)});
  }
  return field;
}

// None: the index is ahead of the catalogue, or behind it.
const Document* document_of(const Catalogue& catalogue, const search::Hit& hit) {
  const auto slug = hit.stored.find("slug");
  if (slug == hit.stored.end()) return nullptr;
  const auto symbol = DocumentSymbol::parse(slug->second);
  return symbol ? catalogue.find_document(*symbol) : nullptr;
}

json::Array hits_model(const service::Visit& visit, const Catalogue& catalogue,
                       const search::Answer& answer) {
  json::Array hits;
  for (const search::Hit& hit : answer.hits) {
    const Document* document = document_of(catalogue, hit);
    const auto language = service::language_from_code(hit.language);
    if (document == nullptr || !language) continue;
    hits.push_back(json::Object{{"href", visit.link(document_path(document->symbol))},
                                {"symbol", document->symbol.text()},
                                {"title", std::string(choose(document->title, *language).text)},
                                {"lang", hit.language},
                                {"dir", service::direction_of(*language)},
                                {"language", service::native_name_of(*language)},
                                {"sample", document->sample ? sample_tag(visit) : ""},
                                {"type", type_text(visit, document->type)},
                                {"date", document->date ? date_text(visit, *document->date) : ""},
                                {"snippet", hit.snippet_html}});
  }
  return hits;
}

std::string hidden_query(const service::Visit& visit, std::string_view words) {
  http::Parameters query;
  for (const auto& [name, value] : visit.request.query.all()) {
    if (name != "q" && name != "page") query.add(name, value);
  }
  query.add("q", std::string(words));
  return visit.link("/search") + "?" + query.encode();
}

SearchRequest request_of(const service::Visit& visit) {
  const http::Parameters& query = visit.request.query;
  SearchRequest request{.text = std::string(trim(query.get("q"))),
                        .body = query.get("body"),
                        .session = query.get("session"),
                        .type = query.get("type"),
                        .language = query.get("language"),
                        .limit = kHitsPerPage};
  const std::uint64_t page = std::max<std::uint64_t>(parse_u64(query.get("page")).value_or(1), 1);
  request.offset = std::min((std::min(page, kOffsetMax) - 1) * kHitsPerPage, kOffsetMax);
  return request;
}

http::Response json_answer(const service::Visit& visit, const Catalogue& catalogue,
                           const search::Answer& answer) {
  json::Array documents;
  for (const search::Hit& hit : answer.hits) {
    const Document* document = document_of(catalogue, hit);
    if (document == nullptr) continue;
    json::Object entry = document_json(visit, *document);
    entry.set("found_in", hit.language);
    entry.set("snippet_html", hit.snippet_html);
    documents.emplace_back(std::move(entry));
  }
  return http::Response::json(
      json::Object{{"total", answer.total}, {"documents", std::move(documents)}});
}

Result<http::Response> search_page(service::Visit& visit, const Library& library, bool as_json) {
  const Catalogue& catalogue = library.catalogue();
  const SearchRequest request = request_of(visit);
  if (request.text.size() > kSearchLengthMax) {
    return fail(ErrorKind::limit, "q: a search has at most 300 bytes");
  }
  const search::Answer answer = TRY(library.search(request, visit.language));
  if (as_json) return json_answer(visit, catalogue, answer);

  const auto symbol = DocumentSymbol::parse(request.text);
  const Document* exact = symbol ? catalogue.find_document(*symbol) : nullptr;
  std::string fields;
  for (const std::string name : {"body", "session", "type", "language"}) {
    fields += service::field(facet_field(visit, catalogue, answer, name));
  }
  json::Array hits = hits_model(visit, catalogue, answer);
  const bool has_hits = !hits.empty();
  const auto paging = service::paging_from(visit.request, answer.total, kHitsPerPage);
  const json::Object model{
      {"action", visit.link("/search")},
      {"q", request.text},
      {"fields", fields},
      {"exact", exact == nullptr ? "" : document_list(visit, {exact})},
      {"found", visit.plural("search.found", static_cast<std::int64_t>(answer.total))},
      {"hits", std::move(hits)},
      {"has_hits", has_hits},
      {"nothing",
       has_hits || exact != nullptr
           ? ""
           : service::empty_state(visit.text("search.none_title"), visit.text("search.none_text"),
                                  {visit.text("search.clear"), visit.link("/search")})},
      {"suggestion", answer.suggestion.empty()
                         ? ""
                         : visit.text("search.suggestion", {{"words", answer.suggestion}})},
      {"suggestion_href", hidden_query(visit, answer.suggestion)},
      {"pagination", has_hits ? service::pagination(visit, paging) : ""}};
  return visit.page({.title = visit.text("search.title"),
                     .content = visit.render("search", model),
                     .breadcrumbs = {{visit.text("nav.home"), visit.link("/")}},
                     .robots = service::Robots::no_index});
}

}  // namespace

void add_search_page(service::Site& site, std::shared_ptr<const Library> library) {
  site.get("/search",
           [library](service::Visit& visit) { return search_page(visit, *library, false); });
  site.get("/search.json",
           [library](service::Visit& visit) { return search_page(visit, *library, true); });
}

}  // namespace bulkhead::services::imodocs
