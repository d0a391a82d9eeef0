#include "services/website/domain/content.h"

#include <algorithm>
#include <set>
#include <tuple>

#include <fmt/format.h>
#include <sys/stat.h>

namespace bulkhead::services::website {
namespace {

constexpr std::string_view kHomeFolder = "home";
constexpr std::size_t kDocumentSizeMax = 1024 * 1024;
// Addresses that the site itself answers: a page of that name would never be seen.
const std::set<std::string_view> kReserved = {"news", "search", "contact"};

struct Listing {
  std::vector<Path> folders;
  std::vector<Path> files;
};

// Sorted, so that two reads of the same folder say the same. Links are not followed: content is
// what lies in the data folder itself.
Result<Listing> list(const Path& folder) {
  Listing out;
  std::error_code error;
  std::filesystem::directory_iterator entries(folder, error);
  if (error == std::errc::no_such_file_or_directory) return out;
  if (error) return fail_errno(error.value(), fmt::format("reading {}", folder.native()));
  for (; entries != std::filesystem::directory_iterator(); entries.increment(error)) {
    const auto status = entries->symlink_status(error);
    if (error) return fail_errno(error.value(), fmt::format("reading {}", folder.native()));
    if (std::filesystem::is_directory(status)) out.folders.push_back(entries->path());
    if (std::filesystem::is_regular_file(status)) out.files.push_back(entries->path());
  }
  if (error) return fail_errno(error.value(), fmt::format("reading {}", folder.native()));
  std::sort(out.folders.begin(), out.folders.end());
  std::sort(out.files.begin(), out.files.end());
  return out;
}

WallTime modified_time(const Path& file) {
  struct stat status{};
  if (::stat(file.c_str(), &status) != 0) return {};
  return WallTime(std::chrono::seconds(status.st_mtim.tv_sec) +
                  std::chrono::nanoseconds(status.st_mtim.tv_nsec));
}

// FNV-1a: not against an attacker, who could change a file back; a change must be seen, not proved.
struct Fingerprint {
  std::uint64_t value = 0xcbf29ce484222325;
  void add(std::string_view bytes) {
    for (const char c : bytes) {
      value = (value ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    }
  }
  void add_number(std::uint64_t number) {
    add({reinterpret_cast<const char*>(&number), sizeof number});
  }
};

void add_folder(const Path& folder, int depth, Fingerprint& fingerprint) {
  const auto listing = list(folder);
  if (!listing || depth > kPageDepthMax) return;
  for (const Path& file : listing->files) {
    if (file.extension() != ".md") continue;
    struct stat status{};
    if (::stat(file.c_str(), &status) != 0) continue;
    fingerprint.add(file.native());
    fingerprint.add_number(static_cast<std::uint64_t>(status.st_size));
    fingerprint.add_number(static_cast<std::uint64_t>(status.st_mtim.tv_sec));
    fingerprint.add_number(static_cast<std::uint64_t>(status.st_mtim.tv_nsec));
    fingerprint.add_number(status.st_ino);
  }
  for (const Path& inner : listing->folders) add_folder(inner, depth + 1, fingerprint);
}

}  // namespace

std::uint64_t content_fingerprint(const Path& data) {
  Fingerprint fingerprint;
  add_folder(data / "pages", 0, fingerprint);
  add_folder(data / "news", 0, fingerprint);
  return fingerprint.value;
}

void Content::add_problem(const Path& data, const Path& file, std::string message) {
  problems_.push_back({file.lexically_relative(data).native(), std::move(message)});
}

void Content::load_documents(const Path& data, const Path& folder, const std::string& path,
                             Translations& into) {
  for (const std::string& language : languages_) {
    const Path file = folder / (language + ".md");
    std::error_code error;
    if (!std::filesystem::is_regular_file(std::filesystem::symlink_status(file, error))) continue;
    if (document_count_ >= kDocumentsMax) {
      add_problem(data, file, fmt::format("the site has more than {} files", kDocumentsMax));
      return;
    }
    const auto text = read_text_file(file, kDocumentSizeMax);
    auto document = text ? parse_document(*text, file.lexically_relative(data).native())
                         : Result<Document>(std::unexpected(text.error()));
    if (!document) {
      add_problem(data, file, document.error().message());
      continue;
    }
    document->path = path;
    document->language = language;
    document->modified = modified_time(file);
    into.emplace(language, *std::move(document));
    ++document_count_;
  }
}

void Content::load_folder(const Path& data, const Path& folder, const std::string& path) {
  const auto listing = list(folder);
  if (!listing) return add_problem(data, folder, listing.error().message());
  for (const Path& inner : listing->folders) {
    const std::string name = inner.filename().native();
    const std::string inner_path = path.empty() ? name : path + "/" + name;
    const bool too_deep = std::count(inner_path.begin(), inner_path.end(), '/') >= kPageDepthMax;
    if (!is_path_segment(name) || too_deep || (path.empty() && kReserved.contains(name))) {
      add_problem(data, inner,
                  "cannot be the address of a page: use a-z, 0-9 and '-', not news, search or "
                  "contact, and at most six levels");
      continue;
    }
    Translations translations;
    const bool is_home = inner_path == kHomeFolder;
    load_documents(data, inner, is_home ? "" : inner_path, translations);
    if (!translations.empty()) {
      pages_.emplace(is_home ? "" : inner_path, std::move(translations));
    }
    if (!is_home) load_folder(data, inner, inner_path);
  }
}

void Content::load_news(const Path& data) {
  const auto listing = list(data / "news");
  if (!listing) return add_problem(data, data / "news", listing.error().message());
  for (const Path& folder : listing->folders) {
    const std::string slug = folder.filename().native();
    auto date = date_of_slug(slug);
    if (!date || !is_path_segment(slug)) {
      add_problem(data, folder, date ? "use a-z, 0-9 and '-' only" : date.error().message());
      continue;
    }
    NewsItem item{.slug = slug, .date = *std::move(date), .translations = {}};
    load_documents(data, folder, slug, item.translations);
    if (!item.translations.empty()) news_.push_back(std::move(item));
  }
  std::reverse(news_.begin(), news_.end());  // slugs begin with the date, and were sorted
}

Content Content::load(const Path& data, std::span<const std::string_view> languages) {
  Content content;
  content.languages_.assign(languages.begin(), languages.end());
  content.load_folder(data, data / "pages", "");
  content.load_news(data);
  return content;
}

const Translations* Content::page(std::string_view path) const {
  const auto found = pages_.find(path);
  return found == pages_.end() ? nullptr : &found->second;
}

const NewsItem* Content::news_item(std::string_view slug) const {
  const auto found = std::find_if(news_.begin(), news_.end(),
                                  [&](const NewsItem& item) { return item.slug == slug; });
  return found == news_.end() ? nullptr : &*found;
}

const Document& Content::in_language(const Translations& translations,
                                     std::string_view language) const {
  const auto wanted = translations.find(language);
  if (wanted != translations.end()) return wanted->second;
  for (const std::string& other : languages_) {
    const auto found = translations.find(other);
    if (found != translations.end()) return found->second;
  }
  return translations.begin()->second;
}

std::vector<const Document*> Content::menu(std::string_view language) const {
  std::vector<const Document*> out;
  for (const auto& [path, translations] : pages_) {
    const Document& document = in_language(translations, language);
    if (document.menu_order > 0) out.push_back(&document);
  }
  std::sort(out.begin(), out.end(), [](const Document* a, const Document* b) {
    return std::tie(a->menu_order, a->path) < std::tie(b->menu_order, b->path);
  });
  return out;
}

}  // namespace bulkhead::services::website
