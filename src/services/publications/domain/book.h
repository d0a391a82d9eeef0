// One EPUB, opened: what it says about itself, its chapters in reading order and its contents list.
// Const use is thread-safe; the file must stay where it is as long as resources are read.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "services/publications/domain/archive.h"
#include "services/publications/domain/navigation.h"
#include "services/publications/domain/package.h"

namespace bulkhead::services::publications {

struct Chapter {
  std::string file;   // within the archive
  std::string title;  // of its first entry in the contents list; "" where it has none
};

struct Resource {
  Bytes content;
  std::string media_type;  // as the manifest says
};

class Book {
 public:
  static Result<Book> open(const Path& file);
  static Result<Book> from_bytes(Bytes bytes);

  const Metadata& metadata() const { return package_.metadata; }
  const std::vector<Chapter>& chapters() const { return chapters_; }  // never empty
  const std::vector<ContentsEntry>& contents() const { return contents_; }
  const std::string& cover_file() const { return package_.cover_file; }
  PageProgression page_progression() const { return package_.page_progression; }

  // Counted from 0.
  std::optional<std::size_t> chapter_of(std::string_view file) const;
  // Kind not_found for what the manifest does not list, even where the archive holds it.
  Result<Resource> resource(std::string_view file) const;
  // Reads every file that the manifest lists.
  Result<void> check() const;

 private:
  explicit Book(Archive archive) : archive_(std::move(archive)) {}
  static Result<Book> from_archive(Archive archive);
  void read_contents();

  Archive archive_;
  Package package_;
  std::vector<Chapter> chapters_;
  std::vector<ContentsEntry> contents_;
};

}  // namespace bulkhead::services::publications
