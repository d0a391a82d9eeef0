#include "search/internal/record.h"

#include <fmt/format.h>

#include "json/value.h"
#include "search/internal/fold.h"

namespace bulkhead::search::internal {
namespace {

constexpr std::size_t kTermMax = 200;
constexpr unsigned kTitleWeight = 5;
// Title and text are far apart, so that no phrase spans them.
constexpr unsigned kGap = 100;

std::uint64_t fnv1a(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return hash;
}

// Not in the middle of a character.
std::string_view cut(std::string_view text, std::size_t size_max) {
  if (text.size() <= size_max) return text;
  while (size_max > 0 && (static_cast<unsigned char>(text[size_max]) & 0xc0) == 0x80) --size_max;
  return text.substr(0, size_max);
}

}  // namespace

std::string term_of(std::string_view prefix, std::string_view value) {
  std::string term = std::string(prefix) + std::string(value);
  if (term.size() <= kTermMax) return term;
  return fmt::format("{}#{:016x}", cut(term, kTermMax), fnv1a(value));
}

std::string id_term(std::string_view id) { return term_of("Q", id); }

std::string facet_term(std::string_view name, std::string_view value) {
  return term_of(fmt::format("XF{}:", name), value);
}

Xapian::Stem stemmer_of(std::string_view language) {
  for (const std::string_view known : {"en", "fr", "es", "ar", "ru"}) {
    if (language == known) return Xapian::Stem(std::string(language));
  }
  return Xapian::Stem("none");
}

std::string encode_data(const Document& document) {
  json::Object stored;
  for (const auto& [name, value] : document.stored) stored.set(name, value);
  std::string data = json::write(json::Object{{"id", document.id},
                                              {"language", document.language},
                                              {"title", document.title},
                                              {"stored", std::move(stored)}});
  data += '\0';
  data += cut(document.text, kSnippetTextMax);
  return data;
}

Result<StoredData> decode_data(std::string_view data) {
  const std::size_t end = data.find('\0');
  if (end == std::string_view::npos) return fail(ErrorKind::corrupt, "a document has no text");
  const json::Value head = TRY(json::parse(data.substr(0, end)));
  StoredData out{.id = TRY(head["id"].to_string("id")),
                 .language = TRY(head["language"].to_string("language")),
                 .title = TRY(head["title"].to_string("title")),
                 .text = std::string(data.substr(end + 1))};
  const json::Object* stored = head["stored"].object();
  if (stored == nullptr) return fail(ErrorKind::corrupt, "a document has no stored values");
  for (const json::Member& member : stored->members()) {
    out.stored[member.key] = TRY(member.value.to_string(member.key));
  }
  return out;
}

Xapian::Document make_record(const Document& document, Xapian::WritableDatabase& database) {
  Xapian::Document record;
  Xapian::TermGenerator terms;
  terms.set_document(record);
  terms.set_database(database);
  terms.set_stemmer(stemmer_of(document.language));
  terms.set_flags(Xapian::TermGenerator::FLAG_SPELLING | Xapian::TermGenerator::FLAG_CJK_NGRAM);
  terms.index_text(document.title, kTitleWeight);
  terms.increase_termpos(kGap);
  terms.index_text(document.text);
  // Once more without accents, so that a query typed without them finds the same.
  for (const std::string& text : {document.title, document.text}) {
    const std::string folded = fold_accents(text);
    if (folded != text) terms.index_text_without_positions(folded);
  }
  record.add_boolean_term(id_term(document.id));
  record.add_boolean_term(facet_term("language", document.language));
  for (const auto& [name, value] : document.facets) {
    record.add_boolean_term(facet_term(name, value));
  }
  record.add_value(kSortSlot, Xapian::sortable_serialise(static_cast<double>(document.sort_value)));
  record.set_data(encode_data(document));
  return record;
}

}  // namespace bulkhead::search::internal
