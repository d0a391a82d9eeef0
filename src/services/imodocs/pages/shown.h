// Documents as parts of pages.
#pragma once

#include <string>
#include <vector>

#include "service/components.h"
#include "service/site.h"
#include "services/imodocs/domain/catalogue.h"

namespace bulkhead::services::imodocs {

std::string document_path(const DocumentSymbol& symbol);
std::string type_text(const service::Visit& visit, DocumentType type);
std::string date_text(const service::Visit& visit, std::chrono::year_month_day date);
// In the visitor's language, or marked up with the language that it is in.
std::string title_html(const service::Visit& visit, const Document& document);
std::string body_name(const service::Visit& visit, const Catalogue& catalogue,
                      std::string_view code);
std::string session_title(const service::Visit& visit, const Session& session);
std::string sample_tag(const service::Visit& visit);

// One row for each: symbol, title, type, date, languages.
std::string document_list(const service::Visit& visit,
                          const std::vector<const Document*>& documents);
// The notice where any of them is a sample; "" otherwise.
std::string sample_notice(const service::Visit& visit,
                          const std::vector<const Document*>& documents);

json::Object document_json(const service::Visit& visit, const Document& document);

}  // namespace bulkhead::services::imodocs
