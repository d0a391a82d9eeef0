// The documents with the index of their words. The files and their metadata are the truth; the
// index is made of them, and is made anew where it is missing, broken or of another state.
// Immutable after open() but for the index's own locking: thread-safe.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "search/index.h"
#include "services/imodocs/domain/catalogue.h"
#include "services/imodocs/library/text_extractor.h"

namespace bulkhead::services::imodocs {

struct SearchRequest {
  std::string text;
  std::string body;     // "" for any, and so on
  std::string session;  // with a body only
  std::string type;
  std::string language;  // a language that the document exists in
  std::size_t offset = 0;
  std::size_t limit = 20;
};

class Library {
 public:
  // `data` is the service's folder: documents/ is read, .index/ and .index-state are written.
  static Result<std::unique_ptr<Library>> open(const Path& data, const TextExtractor& extractor);

  const Catalogue& catalogue() const { return catalogue_; }
  // Words are understood in the language of `reader`.
  Result<search::Answer> search(const SearchRequest& request, Language reader) const;
  // How many files' words could not be read; their documents are found by title all the same.
  std::size_t unreadable_count() const { return unreadable_count_; }

  Result<FileDescriptor> open_version(const LanguageVersion& version) const;
  Result<void> check_ready() const;
  // Every file is there, whole and a PDF or DOCX; the metadata has no problems; the index is sound.
  Result<void> check_integrity() const;

 private:
  Library(Path data, Catalogue catalogue)
      : data_(std::move(data)), catalogue_(std::move(catalogue)) {}
  Result<void> open_index();
  Result<void> bring_index_up_to_date(const TextExtractor& extractor);
  Result<void> put(const Document& document, const LanguageVersion& version,
                   const TextExtractor& extractor);

  const Path data_;
  const Catalogue catalogue_;
  std::unique_ptr<search::Index> index_;
  std::size_t unreadable_count_ = 0;
};

}  // namespace bulkhead::services::imodocs
