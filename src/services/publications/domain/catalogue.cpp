#include "services/publications/domain/catalogue.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>

#include "base/text.h"
#include "config/document.h"
#include "search/fold.h"

namespace bulkhead::services::publications {
namespace {

constexpr std::size_t kIdLengthMax = 100;

Result<std::vector<Path>> epub_files(const Path& folder) {
  std::vector<Path> out;
  std::error_code error;
  std::filesystem::directory_iterator entries(folder, error);
  for (; !error && entries != std::filesystem::directory_iterator(); entries.increment(error)) {
    if (entries->path().extension() != ".epub") continue;
    if (entries->symlink_status(error).type() == std::filesystem::file_type::regular) {
      out.push_back(entries->path());
    }
  }
  if (error) return fail_errno(error.value(), fmt::format("reading {}", folder.native()));
  std::sort(out.begin(), out.end());
  return out;
}

// "fr-CA" → "fr"
std::string primary_language(std::string_view tag) {
  return to_lower_ascii(tag.substr(0, tag.find_first_of("-_")));
}

// As much of the book's date as is a date: "2015-09-22T10:00:00Z" → "2015-09-22".
std::string usable_date(std::string_view date) {
  const auto is_number = [&](std::size_t at, std::size_t length) {
    return date.size() >= at + length && parse_u64(date.substr(at, length)).has_value();
  };
  if (!is_number(0, 4)) return "";
  if (date.size() < 7 || date[4] != '-' || !is_number(5, 2)) return std::string(date.substr(0, 4));
  if (date.size() < 10 || date[7] != '-' || !is_number(8, 2)) return std::string(date.substr(0, 7));
  return std::string(date.substr(0, 10));
}

void take_metadata(const Metadata& from, Publication& into) {
  into.title = from.title;
  into.authors = from.creators;
  into.language = primary_language(from.language);
  into.publisher = from.publisher;
  into.date = usable_date(from.date);
  into.description = from.description;
  into.subjects = from.subjects;
}

// books/<name>.toml says what the EPUB does not, or says it better.
Result<void> take_supplement(const Path& file, Publication& into) {
  std::error_code error;
  if (!std::filesystem::exists(file, error)) return {};
  const config::Document document = TRY(config::Document::read(file));
  const config::Table root = document.root();
  into.code = TRY(root.string("code", ""));
  into.title = TRY(root.string("title", into.title));
  into.publisher = TRY(root.string("publisher", into.publisher));
  into.description = TRY(root.string("description", into.description));
  if (root.has("authors")) into.authors = TRY(root.strings("authors"));
  if (root.has("subjects")) into.subjects = TRY(root.strings("subjects"));
  into.is_sample = TRY(root.boolean("sample", false));
  return document.refuse_unknown_keys();
}

std::string searchable(const Publication& publication) {
  return search::fold_case_and_accents(
      fmt::format("{} {} {} {} {}", publication.title, fmt::join(publication.authors, " "),
                  fmt::join(publication.subjects, " "), publication.code, publication.description));
}

Result<Publication> read_publication(const Path& file) {
  const std::string id = file.stem().native();
  if (!is_publication_id(id)) {
    return fail(ErrorKind::invalid,
                "cannot be an address: use a-z, A-Z, 0-9, '-', '_' and '.' in its name");
  }
  struct stat status{};
  if (::stat(file.c_str(), &status) != 0) {
    return fail_errno(errno, fmt::format("reading {}", file.native()));
  }
  Publication out{.id = id,
                  .file = file,
                  .size = static_cast<std::uint64_t>(status.st_size),
                  .modified = WallTime(std::chrono::seconds(status.st_mtim.tv_sec)),
                  .code = {},
                  .title = {},
                  .authors = {},
                  .language = {},
                  .publisher = {},
                  .date = {},
                  .description = {},
                  .subjects = {},
                  .is_sample = false,
                  .searchable = {},
                  .book = TRY(Book::open(file))};
  take_metadata(out.book.metadata(), out);
  Path supplement = file;
  TRY(take_supplement(supplement.replace_extension(".toml"), out));
  out.searchable = searchable(out);
  return out;
}

bool matches(const Publication& publication, const Criteria& criteria) {
  if (!criteria.language.empty() && publication.language != criteria.language) return false;
  const std::string wanted = search::fold_case_and_accents(criteria.text);
  for (const std::string_view word : split(wanted, ' ')) {
    if (!word.empty() && publication.searchable.find(word) == std::string::npos) return false;
  }
  return true;
}

}  // namespace

bool is_publication_id(std::string_view text) {
  return !text.empty() && text.size() <= kIdLengthMax && text.front() != '.' &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '-' || c == '_' || c == '.';
         });
}

void Catalogue::add(const Path& file) {
  auto publication = read_publication(file);
  if (!publication) {
    problems_.push_back({file.filename().native(), publication.error().message()});
  } else if (publications_.size() >= kPublicationsMax) {
    problems_.push_back(
        {file.filename().native(), fmt::format("more than {} publications", kPublicationsMax)});
  } else {
    publications_.push_back(*std::move(publication));
  }
}

Catalogue Catalogue::load(const Path& folder) {
  Catalogue catalogue;
  const auto files = epub_files(folder);
  if (!files) {
    catalogue.problems_.push_back({folder.filename().native(), files.error().message()});
    return catalogue;
  }
  for (const Path& file : *files) catalogue.add(file);
  std::sort(catalogue.publications_.begin(), catalogue.publications_.end(),
            [](const Publication& a, const Publication& b) {
              return std::tie(a.title, a.id) < std::tie(b.title, b.id);
            });
  return catalogue;
}

const Publication* Catalogue::find(std::string_view id) const {
  const auto found =
      std::find_if(publications_.begin(), publications_.end(),
                   [&](const Publication& publication) { return publication.id == id; });
  return found == publications_.end() ? nullptr : &*found;
}

std::vector<const Publication*> Catalogue::search(const Criteria& criteria) const {
  std::vector<const Publication*> out;
  for (const Publication& publication : publications_) {
    if (matches(publication, criteria)) out.push_back(&publication);
  }
  return out;
}

std::vector<const Publication*> Catalogue::newest_first() const {
  std::vector<const Publication*> out = search({});
  std::sort(out.begin(), out.end(), [](const Publication* a, const Publication* b) {
    return std::tie(b->date, b->modified, a->id) < std::tie(a->date, a->modified, b->id);
  });
  return out;
}

std::vector<std::string> Catalogue::languages() const {
  std::set<std::string> out;
  for (const Publication& publication : publications_) {
    if (!publication.language.empty()) out.insert(publication.language);
  }
  return {out.begin(), out.end()};
}

Result<void> Catalogue::check() const {
  for (const CatalogueProblem& problem : problems_) {
    return fail(ErrorKind::corrupt, fmt::format("{}: {}", problem.file, problem.message));
  }
  for (const Publication& publication : publications_) {
    TRY_CONTEXT(publication.book.check(), publication.file.filename().native());
  }
  return {};
}

std::uint64_t catalogue_fingerprint(const Path& folder) {
  // FNV-1a over names, sizes and times: a change must be seen, not proved.
  std::uint64_t value = 0xcbf29ce484222325;
  const auto add = [&](std::string_view bytes) {
    for (const char c : bytes) value = (value ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  };
  const auto files = epub_files(folder);
  if (!files) return value;
  for (const Path& epub : *files) {
    Path supplement = epub;
    supplement.replace_extension(".toml");
    for (const Path& file : {epub, supplement}) {
      struct stat status{};
      if (::stat(file.c_str(), &status) != 0) continue;
      add(fmt::format("{}:{}:{}.{}:{};", file.native(), status.st_size, status.st_mtim.tv_sec,
                      status.st_mtim.tv_nsec, status.st_ino));
    }
  }
  return value;
}

}  // namespace bulkhead::services::publications
