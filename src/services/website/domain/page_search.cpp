#include "services/website/domain/page_search.h"

#include "base/log.h"

namespace bulkhead::services::website {
namespace {

Result<void> put(search::Index& index, const Content& content, const Translations& translations,
                 std::string_view language, const std::string& address) {
  const Document& document = content.in_language(translations, language);
  search::Document entry;
  entry.id = std::string(language) + ":" + address;
  entry.language = document.language;
  entry.title = document.title;
  entry.text = document.description + "\n" + document.text;
  entry.facets = {{"site", std::string(language)}};
  entry.stored = {{"address", address}};
  return index.put(entry);
}

}  // namespace

Result<std::shared_ptr<search::Index>> PageSearch::build(const Content& content) const {
  TRY(remove_tree(folder_));
  std::shared_ptr<search::Index> index = TRY(search::Index::open(folder_));
  for (const std::string_view language : languages_) {
    for (const auto& [path, translations] : content.pages()) {
      TRY(put(*index, content, translations, language, "/" + path));
    }
    for (const NewsItem& item : content.news()) {
      TRY(put(*index, content, item.translations, language, "/news/" + item.slug));
    }
  }
  TRY(index->commit());
  return index;
}

Result<std::shared_ptr<const search::Index>> PageSearch::index_of(
    const std::shared_ptr<const Content>& content) {
  const std::lock_guard lock(mutex_);
  if (index_ && indexed_ == content) return index_;
  index_.reset();
  index_ = TRY_CONTEXT(build(*content), "building the search index");
  indexed_ = content;
  return index_;
}

Result<search::Answer> PageSearch::search(const std::shared_ptr<const Content>& content,
                                          std::string_view text, std::string_view language,
                                          std::size_t offset, std::size_t limit) {
  const std::shared_ptr<const search::Index> index = TRY(index_of(content));
  search::Query query;
  query.text = std::string(text);
  query.language = std::string(language);
  query.filters = {{"site", std::string(language)}};
  query.offset = offset;
  query.limit = limit;
  return index->search(query);
}

}  // namespace bulkhead::services::website
