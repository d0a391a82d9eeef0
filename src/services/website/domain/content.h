// All that the website shows, read from its data folder into memory at once:
//
//   pages/<path>/<language>.md    pages/home is the home page
//   news/<date-words>/<language>.md
//
// Files of any other name are left alone. A file that cannot be used is skipped and named in
// problems(): the rest of the site stays up. Const use is thread-safe.
#pragma once

#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "services/website/domain/document.h"

namespace bulkhead::services::website {

inline constexpr std::size_t kDocumentsMax = 20'000;
inline constexpr int kPageDepthMax = 6;

// By language; never empty.
using Translations = std::map<std::string, Document, std::less<>>;

struct NewsItem {
  std::string slug;
  std::string date;  // "2026-09-30"
  Translations translations;
};

struct Problem {
  std::string file;  // relative to the data folder
  std::string message;
};

class Content {
 public:
  // `languages` in the order of preference where a wanted one is missing.
  static Content load(const Path& data, std::span<const std::string_view> languages);

  // nullptr where there is none. "" is the home page.
  const Translations* page(std::string_view path) const;
  const NewsItem* news_item(std::string_view slug) const;
  const std::map<std::string, Translations, std::less<>>& pages() const { return pages_; }
  const std::vector<NewsItem>& news() const { return news_; }  // newest first

  // The document in `language`, else in the first language that has it.
  const Document& in_language(const Translations& translations, std::string_view language) const;
  // Pages with an order, by it.
  std::vector<const Document*> menu(std::string_view language) const;

  std::size_t document_count() const { return document_count_; }
  const std::vector<Problem>& problems() const { return problems_; }

 private:
  void load_folder(const Path& data, const Path& folder, const std::string& path);
  void load_documents(const Path& data, const Path& folder, const std::string& path,
                      Translations& into);
  void load_news(const Path& data);
  void add_problem(const Path& data, const Path& file, std::string message);

  std::vector<std::string> languages_;
  std::map<std::string, Translations, std::less<>> pages_;
  std::vector<NewsItem> news_;
  std::vector<Problem> problems_;
  std::size_t document_count_ = 0;
};

// Changes whenever a file that load() would read is added, removed, or written.
std::uint64_t content_fingerprint(const Path& data);

}  // namespace bulkhead::services::website
