// How an index keeps a document: its terms, its values, and the data handed back with a hit.
#pragma once

#include <xapian.h>

#include "search/index.h"

namespace bulkhead::search::internal {

// Of a document's text, what is kept for snippets; all of it is searched.
inline constexpr std::size_t kSnippetTextMax = 256 * 1024;
inline constexpr Xapian::valueno kSortSlot = 0;
inline constexpr char kFacetSeparator = '\x1f';

// Terms are limited to 245 bytes: a long value is cut, and told apart by a hash.
std::string term_of(std::string_view prefix, std::string_view value);
std::string id_term(std::string_view id);
std::string facet_term(std::string_view name, std::string_view value);
// "none" where there is no stemmer: Chinese goes by n-grams.
Xapian::Stem stemmer_of(std::string_view language);

struct StoredData {
  std::string id;
  std::string language;
  std::string title;
  std::map<std::string, std::string> stored;
  std::string text;
};
std::string encode_data(const Document& document);
Result<StoredData> decode_data(std::string_view data);

// All but the facets' values, whose slots the index knows. `database` takes the words for spelling.
Xapian::Document make_record(const Document& document, Xapian::WritableDatabase& database);

}  // namespace bulkhead::search::internal
