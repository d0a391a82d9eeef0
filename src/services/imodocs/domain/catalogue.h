// What the library holds: bodies, their sessions, and their documents with the languages that each
// exists in. It is read from the dataset's folder `documents`: bodies.toml names the bodies, and
// each folder with documents has a documents.toml beside the files (docs/formats/documents.md).
// Files are matched to symbols by their names, "MSC 201-1 (E).pdf". Immutable once read.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "services/imodocs/domain/symbol.h"

namespace bulkhead::services::imodocs {

using service::Language;
using Texts = std::map<Language, std::string>;  // some of the six

enum class DocumentType {
  agenda,
  note,  // a proposal or submission
  information,
  working_paper,
  report,
  decision,
  resolution,
  circular,
  circular_letter,
};
std::string_view name_of(DocumentType type);
std::optional<DocumentType> document_type_of(std::string_view name);

struct Body {
  std::string code;  // "MSC"; of a joint series as in its symbols, "MSC-MEPC"
  Texts name;        // in all six
};

struct LanguageVersion {
  Language language = Language::en;
  Path file;              // below the dataset's `documents`
  std::string extension;  // "pdf", "docx"
  std::uint64_t size_bytes = 0;
};

struct Document {
  DocumentSymbol symbol;
  DocumentType type = DocumentType::note;
  std::string body;     // its Body's code
  std::string session;  // "" for what no session issued
  std::optional<std::chrono::year_month_day> date;
  Texts title;  // at least one
  std::string submitted_by;
  bool sample = false;                    // invented for demonstration
  std::vector<LanguageVersion> versions;  // in the order of service::kLanguages

  // One language has one file; where there are several, PDF stands before other forms.
  const LanguageVersion* find(Language language, std::string_view extension) const;
  bool exists_in(Language language) const;
};

struct Session {
  std::string body;
  std::string number;  // "201", "ES.125"
  Texts title;         // may be empty
  std::optional<std::chrono::year_month_day> opens;
  std::optional<std::chrono::year_month_day> closes;
  std::vector<const Document*> documents;  // in their symbols' order

  // "MSC-201": the segment of its URL.
  std::string slug() const { return body + "-" + number; }
};

// The text in the wanted language, or else in English, or else in the first that there is.
struct ChosenText {
  std::string_view text;
  Language language = Language::en;
};
ChosenText choose(const Texts& texts, Language wanted);

class Catalogue {
 public:
  // Fails only where `folder` cannot be read at all. A documents.toml that is wrong leaves its
  // folder out and is named in problems(), as is a file that no document claims.
  static Result<Catalogue> read(const Path& folder);

  Catalogue(Catalogue&&) = default;
  Catalogue& operator=(Catalogue&&) = default;

  const std::vector<Body>& bodies() const { return bodies_; }
  const std::vector<Session>& sessions() const { return sessions_; }  // newest first
  const std::vector<Document>& documents() const { return documents_; }
  const std::vector<std::string>& problems() const { return problems_; }

  const Body* find_body(std::string_view code) const;
  const Session* find_session(std::string_view slug) const;
  const Document* find_document(const DocumentSymbol& symbol) const;
  // Of a body and of no session: circulars, letters, resolutions.
  std::vector<const Document*> unsessioned(std::string_view body) const;

 private:
  Catalogue() = default;
  friend class CatalogueReader;

  std::vector<Body> bodies_;
  std::vector<Document> documents_;  // by symbol
  std::vector<Session> sessions_;    // points into documents_, whose buffer moves with it
  std::vector<std::string> problems_;
};

}  // namespace bulkhead::services::imodocs
