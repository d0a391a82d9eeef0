#include "services/imodocs/domain/catalogue.h"

#include <algorithm>
#include <array>

namespace bulkhead::services::imodocs {
namespace {

constexpr std::array<std::pair<DocumentType, std::string_view>, 9> kTypes = {{
    {DocumentType::agenda, "agenda"},
    {DocumentType::note, "note"},
    {DocumentType::information, "information"},
    {DocumentType::working_paper, "working_paper"},
    {DocumentType::report, "report"},
    {DocumentType::decision, "decision"},
    {DocumentType::resolution, "resolution"},
    {DocumentType::circular, "circular"},
    {DocumentType::circular_letter, "circular_letter"},
}};

}  // namespace

std::string_view name_of(DocumentType type) {
  return kTypes[static_cast<std::size_t>(type)].second;
}

std::optional<DocumentType> document_type_of(std::string_view name) {
  for (const auto& [type, known] : kTypes) {
    if (known == name) return type;
  }
  return std::nullopt;
}

const LanguageVersion* Document::find(Language language, std::string_view extension) const {
  for (const LanguageVersion& version : versions) {
    if (version.language == language && version.extension == extension) return &version;
  }
  return nullptr;
}

bool Document::exists_in(Language language) const {
  return std::any_of(versions.begin(), versions.end(),
                     [&](const LanguageVersion& each) { return each.language == language; });
}

ChosenText choose(const Texts& texts, Language wanted) {
  for (const Language language : {wanted, Language::en}) {
    const auto found = texts.find(language);
    if (found != texts.end()) return {found->second, language};
  }
  if (texts.empty()) return {};
  return {texts.begin()->second, texts.begin()->first};
}

const Body* Catalogue::find_body(std::string_view code) const {
  for (const Body& body : bodies_) {
    if (body.code == code) return &body;
  }
  return nullptr;
}

const Session* Catalogue::find_session(std::string_view slug) const {
  for (const Session& session : sessions_) {
    if (session.slug() == slug) return &session;
  }
  return nullptr;
}

const Document* Catalogue::find_document(const DocumentSymbol& symbol) const {
  const auto found = std::lower_bound(documents_.begin(), documents_.end(), symbol,
                                      [](const Document& document, const DocumentSymbol& wanted) {
                                        return document.symbol < wanted;
                                      });
  return found != documents_.end() && found->symbol == symbol ? &*found : nullptr;
}

std::vector<const Document*> Catalogue::unsessioned(std::string_view body) const {
  std::vector<const Document*> found;
  for (const Document& document : documents_) {
    if (document.body == body && document.session.empty()) found.push_back(&document);
  }
  return found;
}

}  // namespace bulkhead::services::imodocs
