// The symbol of a document: "MSC 101/18/2", "C/ES.25/D", "MSC-MEPC.3/Circ.4/Rev.1",
// "Circular Letter No.3827", "A.1117(30)". People write it with blanks, slashes or dashes, in any
// case, and as a file name; one DocumentSymbol is behind all of these, with one text, one URL
// segment, and the order in which a meeting's documents are listed.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "service/language.h"

namespace bulkhead::services::imodocs {

enum class SymbolKind {
  session_document,  // of a meeting's session
  circular,          // MSC.1/Circ.1259/Rev.7
  circular_letter,   // Circular Letter No.3827
  resolution,        // A.1117(30)
};

// One piece between slashes: agenda item {"", 18}, {"INF", 10}, {"D"}, {"Add", 2}.
struct SymbolPart {
  std::string word;
  std::optional<std::uint32_t> number;
  char letter = 0;  // of "3(a)"
  bool operator==(const SymbolPart&) const = default;
};

class DocumentSymbol {
 public:
  // Kind invalid, with what was expected.
  static Result<DocumentSymbol> parse(std::string_view text);

  SymbolKind kind() const { return kind_; }
  // "MSC", "MSC-MEPC.3"; "" for circular letters.
  const std::string& body() const { return body_; }
  // "101", "ES.25", "ES"; "" for circulars and circular letters.
  const std::string& session() const { return session_; }
  const std::vector<SymbolPart>& parts() const { return parts_; }

  // As it is printed on the document.
  std::string text() const;
  // The segment of its URL, which parse() reads again: "MSC-101-18-2".
  std::string slug() const;

  bool operator==(const DocumentSymbol&) const = default;
  // By kind, body, session, then agenda item; additions and corrections follow their document.
  std::strong_ordering operator<=>(const DocumentSymbol& other) const;

 private:
  DocumentSymbol() = default;
  // Each answers whether the text is of its form, and then has filled in this symbol.
  bool read_circular_letter(std::string_view text);
  bool read_resolution(const std::vector<std::string_view>& pieces);
  bool read_circular(const std::vector<std::string_view>& pieces, std::size_t number_at);
  bool read_session_document(const std::vector<std::string_view>& pieces);

  SymbolKind kind_ = SymbolKind::session_document;
  std::string body_;
  std::string session_;
  std::vector<SymbolPart> parts_;  // of a circular the first is its number
};

struct DocumentFileName {
  DocumentSymbol symbol;
  std::optional<service::Language> language;  // of "(E)", "(F)", "(S)", "(A)", "(C)", "(R)"
};
// "MEPC 70-INF.10 (E).docx"
Result<DocumentFileName> parse_file_name(std::string_view name);
// "MEPC 70-INF.10 (E).pdf": what a download is called.
std::string file_name_of(const DocumentSymbol& symbol, service::Language language,
                         std::string_view extension);

}  // namespace bulkhead::services::imodocs
