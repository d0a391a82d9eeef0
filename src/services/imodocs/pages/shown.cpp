#include "services/imodocs/pages/shown.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "http/url.h"

namespace bulkhead::services::imodocs {
namespace {

std::string iso_date(std::chrono::year_month_day date) {
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
}

std::string download_path(const Document& document, const LanguageVersion& version) {
  return fmt::format("{}/{}.{}", document_path(document.symbol), service::code_of(version.language),
                     version.extension);
}

// Each language once, as a link to its file; the visitor's own language stands out.
std::string language_links(const service::Visit& visit, const Document& document) {
  std::string html;
  for (const LanguageVersion& version : document.versions) {
    html += fmt::format(
        "<li><a href=\"{}\" hreflang=\"{}\" lang=\"{}\" title=\"{}\"{}>{}</a></li>",
        escape_html(visit.link(download_path(document, version))),
        service::code_of(version.language), service::code_of(version.language),
        escape_html(service::native_name_of(version.language)),
        version.language == visit.language ? " class=\"is-own\"" : "",
        version.extension == "pdf"
            ? std::string(service::code_of(version.language))
            : fmt::format("{} {}", service::code_of(version.language), version.extension));
  }
  return html.empty() ? "" : "<ul class=\"language-list\">" + html + "</ul>";
}

}  // namespace

std::string document_path(const DocumentSymbol& symbol) {
  return "/documents/" + http::percent_encode_path(symbol.slug());
}

std::string type_text(const service::Visit& visit, DocumentType type) {
  return visit.text("type." + std::string(name_of(type)));
}

std::string date_text(const service::Visit& visit, std::chrono::year_month_day date) {
  return visit.date(WallTime(std::chrono::sys_days(date)));
}

std::string title_html(const service::Visit& visit, const Document& document) {
  const ChosenText title = choose(document.title, visit.language);
  if (title.language == visit.language) return escape_html(title.text);
  return fmt::format("<span lang=\"{}\" dir=\"{}\">{}</span>", service::code_of(title.language),
                     service::direction_of(title.language), escape_html(title.text));
}

std::string body_name(const service::Visit& visit, const Catalogue& catalogue,
                      std::string_view code) {
  const Body* body = catalogue.find_body(code);
  return body == nullptr ? std::string(code) : std::string(choose(body->name, visit.language).text);
}

std::string session_title(const service::Visit& visit, const Session& session) {
  return visit.text("session.title", {{"body", session.body}, {"number", session.number}});
}

std::string sample_tag(const service::Visit& visit) {
  return "<span class=\"tag tag-sample\">" + escape_html(visit.text("sample.tag")) + "</span>";
}

std::string document_list(const service::Visit& visit,
                          const std::vector<const Document*>& documents) {
  json::Array rows;
  for (const Document* document : documents) {
    rows.push_back(json::Object{
        {"href", visit.link(document_path(document->symbol))},
        {"symbol", document->symbol.text()},
        {"title", title_html(visit, *document)},
        {"sample", document->sample ? sample_tag(visit) : ""},
        {"type", type_text(visit, document->type)},
        {"date",
         document->date ? visit.short_date(WallTime(std::chrono::sys_days(*document->date))) : ""},
        {"languages", language_links(visit, *document)}});
  }
  return visit.render("document_list", {{"documents", std::move(rows)}});
}

std::string sample_notice(const service::Visit& visit,
                          const std::vector<const Document*>& documents) {
  const bool any = std::any_of(documents.begin(), documents.end(),
                               [](const Document* document) { return document->sample; });
  return any ? service::notice(visit, service::Notice::sample,
                               escape_html(visit.text("sample.list")))
             : "";
}

json::Object document_json(const service::Visit& visit, const Document& document) {
  const auto texts = [](const Texts& of) {
    json::Object object;
    for (const auto& [language, text] : of) {
      object.set(std::string(service::code_of(language)), text);
    }
    return object;
  };
  json::Array files;
  for (const LanguageVersion& version : document.versions) {
    files.push_back(
        json::Object{{"language", service::code_of(version.language)},
                     {"url", visit.origin() + visit.link(download_path(document, version))},
                     {"name", file_name_of(document.symbol, version.language, version.extension)},
                     {"size", version.size_bytes}});
  }
  return json::Object{
      {"symbol", document.symbol.text()},
      {"url", visit.origin() + visit.link(document_path(document.symbol))},
      {"body", document.body},
      {"session", document.session.empty() ? json::Value() : json::Value(document.session)},
      {"type", name_of(document.type)},
      {"date", document.date ? json::Value(iso_date(*document.date)) : json::Value()},
      {"title", texts(document.title)},
      {"submitted_by", document.submitted_by},
      {"sample", document.sample},
      {"files", std::move(files)}};
}

}  // namespace bulkhead::services::imodocs
