// The publications on offer: every books/<name>.epub of the data folder, with what
// books/<name>.toml adds to it. An EPUB that cannot be read is left out and named in problems().
// Const use is thread-safe.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/file.h"
#include "services/publications/domain/book.h"

namespace bulkhead::services::publications {

inline constexpr std::size_t kPublicationsMax = 2000;

struct Publication {
  std::string id;  // the file's name without ".epub": part of addresses
  Path file;
  std::uint64_t size = 0;
  WallTime modified{};
  std::string code;  // the publisher's number of it; "" where it has none
  std::string title;
  std::vector<std::string> authors;
  std::string language;  // "ar"; lower case, without a region
  std::string publisher;
  std::string date;  // "2026", "2026-09" or "2026-09-30"; "" where the book gives none
  std::string description;
  std::vector<std::string> subjects;
  bool is_sample = false;
  std::string searchable;  // what searches look into, without case and accents
  Book book;
};

struct CatalogueProblem {
  std::string file;
  std::string message;
};

struct Criteria {
  // Every word must occur in title, authors, subjects, code or description; case and accents do not
  // matter.
  std::string text;
  std::string language;  // "" for any
};

class Catalogue {
 public:
  static Catalogue load(const Path& folder);

  // By title, in the order of code points.
  const std::vector<Publication>& publications() const { return publications_; }
  const Publication* find(std::string_view id) const;
  std::vector<const Publication*> search(const Criteria& criteria) const;
  std::vector<const Publication*> newest_first() const;
  // Languages that there are publications in, sorted.
  std::vector<std::string> languages() const;
  const std::vector<CatalogueProblem>& problems() const { return problems_; }
  // Reads every file of every book.
  Result<void> check() const;

 private:
  void add(const Path& file);

  std::vector<Publication> publications_;
  std::vector<CatalogueProblem> problems_;
};

// a-z, A-Z, 0-9, '-', '_' and '.', not beginning with '.', at most 100.
bool is_publication_id(std::string_view text);

// Changes whenever a file that load() would read is added, removed, or written.
std::uint64_t catalogue_fingerprint(const Path& folder);

}  // namespace bulkhead::services::publications
