// Full-text search over the website's content. The index is derived from the files: it is made anew
// when they change and when it cannot be read, and nothing is lost with it. Thread-safe.
#pragma once

#include <memory>
#include <mutex>
#include <span>
#include <string_view>

#include "base/file.h"
#include "search/index.h"
#include "services/website/domain/content.h"

namespace bulkhead::services::website {

class PageSearch {
 public:
  PageSearch(Path folder, std::span<const std::string_view> languages)
      : folder_(std::move(folder)), languages_(languages.begin(), languages.end()) {}

  // What visitors of `language` see: each page once, in that language or in its fallback. A hit's
  // `stored` holds "address" (without language).
  Result<search::Answer> search(const std::shared_ptr<const Content>& content,
                                std::string_view text, std::string_view language,
                                std::size_t offset, std::size_t limit);

 private:
  Result<std::shared_ptr<const search::Index>> index_of(
      const std::shared_ptr<const Content>& content);
  Result<std::shared_ptr<search::Index>> build(const Content& content) const;

  const Path folder_;
  const std::vector<std::string_view> languages_;
  std::mutex mutex_;
  // Shared with searches that began before the content changed.
  std::shared_ptr<const search::Index> index_;
  std::shared_ptr<const Content> indexed_;
};

}  // namespace bulkhead::services::website
