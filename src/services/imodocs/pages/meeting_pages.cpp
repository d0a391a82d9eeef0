#include "services/imodocs/pages/meeting_pages.h"

#include <algorithm>

#include "base/text.h"
#include "http/url.h"
#include "services/imodocs/pages/shown.h"

namespace bulkhead::services::imodocs {
namespace {

constexpr std::size_t kLatestShown = 8;

std::vector<const Document*> latest(const Catalogue& catalogue) {
  std::vector<const Document*> documents;
  for (const Document& document : catalogue.documents()) {
    if (document.date) documents.push_back(&document);
  }
  std::sort(documents.begin(), documents.end(), [](const Document* a, const Document* b) {
    return a->date != b->date ? a->date > b->date : a->symbol < b->symbol;
  });
  documents.resize(std::min(documents.size(), kLatestShown));
  return documents;
}

std::string body_cards(const service::Visit& visit, const Catalogue& catalogue) {
  std::vector<service::Card> cards;
  for (const Body& body : catalogue.bodies()) {
    const auto count =
        std::count_if(catalogue.documents().begin(), catalogue.documents().end(),
                      [&](const Document& document) { return document.body == body.code; });
    cards.push_back({.title = std::string(choose(body.name, visit.language).text),
                     .href = visit.link("/bodies/" + http::percent_encode_path(body.code)),
                     .meta = body.code + " · " + visit.plural("home.documents", count),
                     .text_language = {}});
  }
  return service::card_list(cards, service::CardHeading::h3);
}

Result<http::Response> home_page(service::Visit& visit, const Library& library) {
  const Catalogue& catalogue = library.catalogue();
  const auto newest = latest(catalogue);
  const json::Object model{
      {"sample_notice", sample_notice(visit, newest)},
      {"search",
       service::search_form(visit, visit.link("/search"), visit.text("search.label"), "")},
      {"bodies", body_cards(visit, catalogue)},
      {"latest", newest.empty() ? service::empty_state(visit.text("home.none_title"),
                                                       visit.text("home.none_text"))
                                : document_list(visit, newest)}};
  return visit.page({.title = visit.text("home.title"),
                     .description = visit.text("service.tagline"),
                     .content = visit.render("home", model),
                     .lead = visit.text("home.lead")});
}

std::string session_dates(const service::Visit& visit, const Session& session) {
  if (!session.opens) return "";
  return visit.text("session.dates",
                    {{"opens", date_text(visit, *session.opens)},
                     {"closes", date_text(visit, session.closes.value_or(*session.opens))}});
}

Result<http::Response> body_page(service::Visit& visit, const Library& library) {
  const Catalogue& catalogue = library.catalogue();
  const std::string& code = visit.request.path_values["body"];
  const Body* body = catalogue.find_body(code);
  if (body == nullptr) return fail(ErrorKind::not_found, "there is no body \"" + code + "\"");
  std::vector<service::Card> cards;
  for (const Session& session : catalogue.sessions()) {
    if (session.body != code) continue;
    cards.push_back({.title = session_title(visit, session),
                     .href = visit.link("/sessions/" + http::percent_encode_path(session.slug())),
                     .text = std::string(choose(session.title, visit.language).text),
                     .meta = session_dates(visit, session) + " · " +
                             visit.plural("home.documents",
                                          static_cast<std::int64_t>(session.documents.size())),
                     .text_language = {}});
  }
  const auto others = catalogue.unsessioned(code);
  const bool is_empty = cards.empty() && others.empty();
  const json::Object model{
      {"sample_notice", sample_notice(visit, others)},
      {"sessions", cards.empty() ? "" : service::card_list(cards, service::CardHeading::h3)},
      {"others", others.empty() ? "" : document_list(visit, others)},
      {"nothing",
       is_empty ? service::empty_state(visit.text("home.none_title"), visit.text("home.none_text"))
                : ""}};
  return visit.page({.title = std::string(choose(body->name, visit.language).text),
                     .content = visit.render("body", model),
                     .breadcrumbs = {{visit.text("nav.home"), visit.link("/")}}});
}

Result<http::Response> session_page(service::Visit& visit, const Library& library) {
  const Catalogue& catalogue = library.catalogue();
  const std::string& slug = visit.request.path_values["session"];
  const Session* session = catalogue.find_session(slug);
  if (session == nullptr) return fail(ErrorKind::not_found, "there is no session \"" + slug + "\"");
  const json::Object model{
      {"sample_notice", sample_notice(visit, session->documents)},
      {"search",
       service::search_form(visit, visit.link("/search"), visit.text("search.label"), "")},
      {"documents", session->documents.empty() ? service::empty_state(visit.text("home.none_title"),
                                                                      visit.text("home.none_text"))
                                               : document_list(visit, session->documents)}};
  return visit.page(
      {.title = session_title(visit, *session),
       .content = visit.render("session", model),
       .breadcrumbs = {{visit.text("nav.home"), visit.link("/")},
                       {body_name(visit, catalogue, session->body),
                        visit.link("/bodies/" + http::percent_encode_path(session->body))}},
       .lead = session_dates(visit, *session)});
}

}  // namespace

void add_meeting_pages(service::Site& site, std::shared_ptr<const Library> library) {
  site.get("/", [library](service::Visit& visit) { return home_page(visit, *library); });
  site.get("/bodies/{body}",
           [library](service::Visit& visit) { return body_page(visit, *library); });
  site.get("/sessions/{session}",
           [library](service::Visit& visit) { return session_page(visit, *library); });
}

}  // namespace bulkhead::services::imodocs
