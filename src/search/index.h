// Full-text search in six languages, in our own words; Xapian is behind them. An Index is one
// folder. Words are stemmed by the document's language (Chinese is cut into n-grams, and words of
// other scripts are found anywhere); case and accents of the query do not matter. One thread writes
// at a time, any number search; a search sees what was committed before it began. What cannot be
// parsed as a query is searched as plain words, so a visitor gets no syntax errors.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "base/result.h"

namespace bulkhead::search {

inline constexpr std::size_t kTextSizeMax = 32 * 1024 * 1024;
inline constexpr std::size_t kResultsMax = 200;

struct Document {
  std::string id;        // unique in the index; adding it again replaces
  std::string language;  // "en", "fr", "es", "ar", "zh", "ru"; other codes are not stemmed
  std::string title;     // counts more than text
  std::string text;
  // Searched exactly, as filters: {"kind", "circular"}, {"body", "MSC"}; a name may repeat.
  std::vector<std::pair<std::string, std::string>> facets;
  // Handed back with a hit and not searched: a path, a symbol, a date.
  std::map<std::string, std::string> stored;
  std::int64_t sort_value = 0;  // for Order::newest_first: a day number or a time
};

enum class Order { best_first, newest_first };

struct Query {
  std::string text;      // "" finds everything that the filters let through
  std::string language;  // of the query's words: how they are stemmed
  // Values of one name are alternatives; different names must all hold.
  std::vector<std::pair<std::string, std::string>> filters;
  std::size_t offset = 0;
  std::size_t limit = 20;  // at most kResultsMax
  Order order = Order::best_first;
  std::vector<std::string> count_facets;  // names whose values are to be counted
};

struct Hit {
  std::string id;
  std::string language;
  std::string title;
  std::string snippet_html;  // escaped, with <mark> around what was found
  std::map<std::string, std::string> stored;
};

struct Answer {
  std::uint64_t total = 0;  // an estimate beyond 10,000
  std::vector<Hit> hits;
  std::map<std::string, std::map<std::string, std::uint64_t>> facets;  // name → value → count
  std::string suggestion;  // another spelling, where there is one that finds more; or ""
};

class Index {
 public:
  // Creates or opens; kind corrupt where the folder holds no readable index.
  static Result<std::unique_ptr<Index>> open(const Path& folder);
  virtual ~Index() = default;

  virtual Result<void> put(const Document& document) = 0;
  virtual Result<void> remove(std::string_view id) = 0;
  virtual Result<void> clear() = 0;
  // Until then searches do not see what was put.
  virtual Result<void> commit() = 0;
  virtual Result<Answer> search(const Query& query) const = 0;
  virtual Result<std::uint64_t> document_count() const = 0;
  // Reads all of it; kind corrupt with what was found.
  virtual Result<void> check_integrity() const = 0;
  // A consistent copy for the backup.
  virtual Result<void> copy_to(const Path& folder) = 0;
};

}  // namespace bulkhead::search
