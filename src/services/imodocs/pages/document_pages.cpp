#include "services/imodocs/pages/document_pages.h"

#include <fmt/format.h>

#include "base/text.h"
#include "http/files.h"
#include "http/url.h"
#include "services/imodocs/pages/shown.h"

namespace bulkhead::services::imodocs {
namespace {

// Of a document's relatives, so many are on its page; the others are one link away.
constexpr std::size_t kRelativesShown = 10;

std::string content_type_of(std::string_view extension) {
  if (extension == "pdf") return "application/pdf";
  return "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
}

Result<const Document*> asked_document(const Library& library, std::string_view segment) {
  const auto symbol = DocumentSymbol::parse(segment);
  const Document* document = symbol ? library.catalogue().find_document(*symbol) : nullptr;
  if (document != nullptr) return document;
  return fail(ErrorKind::not_found, "the library has no document \"" + std::string(segment) + "\"");
}

// What revises, adds to or corrects it, and what it does so to: they share all but the end.
std::vector<const Document*> relatives(const Catalogue& catalogue, const Document& document) {
  const auto stem = [](const Document& of) {
    std::vector<SymbolPart> parts = of.symbol.parts();
    while (parts.size() > 1 && (parts.back().word == "Rev" || parts.back().word == "Add" ||
                                parts.back().word == "Corr")) {
      parts.pop_back();
    }
    return parts;
  };
  std::vector<const Document*> found;
  for (const Document& other : catalogue.documents()) {
    const bool same_place = other.symbol.kind() == document.symbol.kind() &&
                            other.symbol.body() == document.symbol.body() &&
                            other.symbol.session() == document.symbol.session();
    if (same_place && &other != &document && stem(other) == stem(document)) found.push_back(&other);
  }
  return found;
}

json::Array downloads(const service::Visit& visit, const Document& document) {
  json::Array links;
  for (const LanguageVersion& version : document.versions) {
    const std::string language(service::native_name_of(version.language));
    links.push_back(json::Object{
        {"href", visit.link(fmt::format("{}/{}.{}", document_path(document.symbol),
                                        service::code_of(version.language), version.extension))},
        {"code", service::code_of(version.language)},
        {"dir", service::direction_of(version.language)},
        {"own", version.language == visit.language},
        {"language", language},
        {"form", version.extension == "pdf" ? "PDF" : "DOCX"},
        {"size", service::format_size(visit.language, version.size_bytes)}});
  }
  return links;
}

std::vector<service::Fact> facts_of(const service::Visit& visit, const Catalogue& catalogue,
                                    const Document& document) {
  const auto link = [&](const std::string& path, const std::string& text) {
    return fmt::format("<a href=\"{}\">{}</a>", escape_html(visit.link(path)), escape_html(text));
  };
  std::vector<service::Fact> facts;
  facts.push_back(
      {visit.text("document.symbol"),
       "<bdi class=\"identifier\" dir=\"ltr\">" + escape_html(document.symbol.text()) + "</bdi>"});
  facts.push_back({visit.text("document.type"), escape_html(type_text(visit, document.type))});
  facts.push_back(
      {visit.text("document.body"), link("/bodies/" + http::percent_encode_path(document.body),
                                         body_name(visit, catalogue, document.body))});
  if (const Session* session = catalogue.find_session(document.body + "-" + document.session)) {
    facts.push_back({visit.text("document.session"),
                     link("/sessions/" + http::percent_encode_path(session->slug()),
                          session_title(visit, *session))});
  }
  if (document.date) {
    facts.push_back({visit.text("document.date"), escape_html(date_text(visit, *document.date))});
  }
  if (!document.submitted_by.empty()) {
    facts.push_back({visit.text("document.submitted_by"),
                     "<bdi>" + escape_html(document.submitted_by) + "</bdi>"});
  }
  facts.push_back({visit.text("document.address"),
                   "<bdi class=\"identifier\" dir=\"ltr\">" +
                       escape_html(visit.origin() + document_path(document.symbol)) + "</bdi>"});
  return facts;
}

Result<http::Response> document_page(service::Visit& visit, const Library& library) {
  std::string segment = visit.request.path_values["symbol"];
  const bool as_json = segment.ends_with(".json");
  if (as_json) segment.resize(segment.size() - 5);
  const Document* document = TRY(asked_document(library, segment));
  if (as_json) return http::Response::json(document_json(visit, *document));
  // One address for one document, however its symbol was typed.
  if (segment != document->symbol.slug()) {
    return http::Response::redirect(visit.link(document_path(document->symbol)), 301);
  }
  const Catalogue& catalogue = library.catalogue();
  const ChosenText title = choose(document->title, visit.language);
  json::Array files = downloads(visit, *document);
  auto related = relatives(catalogue, *document);
  const std::size_t related_count = related.size();
  const bool has_more =
      related_count > kRelativesShown && visit.request.query.get("related") != "all";
  if (has_more) related.resize(kRelativesShown);
  const bool has_files = !files.empty();
  const json::Object model{
      {"sample_notice", document->sample
                            ? service::notice(visit, service::Notice::sample,
                                              escape_html(visit.text("sample.document")))
                            : ""},
      {"symbol", document->symbol.text()},
      {"title", std::string(title.text)},
      {"title_lang", service::code_of(title.language)},
      {"title_dir", service::direction_of(title.language)},
      {"has_files", has_files},
      {"not_in_language", has_files && !document->exists_in(visit.language)},
      {"files", std::move(files)},
      {"facts", service::fact_list(facts_of(visit, catalogue, *document))},
      {"related", related.empty() ? "" : document_list(visit, related)},
      {"all_related_href",
       has_more ? visit.link(document_path(document->symbol)) + "?related=all#related" : ""},
      {"all_related",
       visit.plural("document.all_related", static_cast<std::int64_t>(related_count))},
      {"json", visit.link(document_path(document->symbol)) + ".json"}};
  std::vector<service::Link> breadcrumbs = {
      {visit.text("nav.home"), visit.link("/")},
      {body_name(visit, catalogue, document->body),
       visit.link("/bodies/" + http::percent_encode_path(document->body))}};
  if (const Session* session = catalogue.find_session(document->body + "-" + document->session)) {
    breadcrumbs.push_back({session_title(visit, *session),
                           visit.link("/sessions/" + http::percent_encode_path(session->slug()))});
  }
  return visit.page({.title = document->symbol.text() + " – " + std::string(title.text),
                     .content = visit.render("document", model),
                     .breadcrumbs = std::move(breadcrumbs),
                     .heading = service::Heading::in_content});
}

Result<http::Response> download(service::Visit& visit, const Library& library,
                                service::Audit& audit) {
  const Document* document = TRY(asked_document(library, visit.request.path_values["symbol"]));
  const std::string& name = visit.request.path_values["file"];
  const auto parts = split_once(name, '.');
  const auto language = parts ? service::language_from_code(parts->first) : std::nullopt;
  const LanguageVersion* version = language ? document->find(*language, parts->second) : nullptr;
  if (version == nullptr) {
    return fail(ErrorKind::not_found,
                fmt::format("{} has no file \"{}\"", document->symbol.text(), name));
  }
  const std::string file_name =
      file_name_of(document->symbol, version->language, version->extension);
  audit.record(visit.request, "document.download", service::Outcome::success,
               {{"symbol", document->symbol.text()}, {"file", file_name}});
  return http::serve_file(visit.request, TRY(library.open_version(*version)),
                          {.content_type = content_type_of(version->extension),
                           .entity_tag = "",
                           .cache_control = "public, max-age=3600",
                           .download_name = file_name});
}

}  // namespace

void add_document_pages(service::Context& context, std::shared_ptr<const Library> library) {
  service::Site& site = context.site;
  site.get("/documents/{symbol}",
           [library](service::Visit& visit) { return document_page(visit, *library); });
  site.get("/documents/{symbol}/{file}", [library, &audit = context.audit](service::Visit& visit) {
    return download(visit, *library, audit);
  });
}

}  // namespace bulkhead::services::imodocs
