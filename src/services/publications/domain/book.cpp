#include "services/publications/domain/book.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/log.h"
#include "base/text.h"

namespace bulkhead::services::publications {
namespace {

constexpr std::string_view kMediaType = "application/epub+zip";

Result<void> check_media_type(const Archive& archive) {
  const auto content = archive.read("mimetype");
  if (!content) return fail(ErrorKind::invalid, "is not an EPUB: it has no file \"mimetype\"");
  if (trim(as_text(*content)) != kMediaType) {
    return fail(ErrorKind::invalid,
                fmt::format("is not an EPUB: its file \"mimetype\" is not {}", kMediaType));
  }
  return {};
}

}  // namespace

Result<Book> Book::open(const Path& file) {
  Archive archive = TRY(Archive::open(file));
  return from_archive(std::move(archive));
}

Result<Book> Book::from_bytes(Bytes bytes) {
  Archive archive = TRY(Archive::from_bytes(std::move(bytes)));
  return from_archive(std::move(archive));
}

Result<Book> Book::from_archive(Archive archive) {
  TRY(check_media_type(archive));
  const Bytes container = TRY(archive.read("META-INF/container.xml"));
  const std::string package_file = TRY(parse_container(container));
  const Bytes package = TRY(archive.read(package_file));
  Book book(std::move(archive));
  book.package_ = TRY(parse_package(package, package_file));
  for (const std::string& file : book.package_.spine) {
    if (book.archive_.contains(file)) book.chapters_.push_back({.file = file, .title = {}});
  }
  if (book.chapters_.empty()) {
    return fail(ErrorKind::corrupt,
                fmt::format("none of the chapters of {} is in the archive", package_file));
  }
  if (!book.archive_.contains(book.package_.cover_file)) book.package_.cover_file.clear();
  book.read_contents();
  return book;
}

// A book whose contents list is missing or broken can still be read: its chapters then are the
// list.
void Book::read_contents() {
  Result<std::vector<ContentsEntry>> entries = std::vector<ContentsEntry>();
  if (!package_.navigation_file.empty()) {
    const auto content = archive_.read(package_.navigation_file);
    if (content) entries = parse_navigation_document(*content, package_.navigation_file);
  }
  if ((!entries || entries->empty()) && !package_.ncx_file.empty()) {
    const auto content = archive_.read(package_.ncx_file);
    if (content) entries = parse_ncx(*content, package_.ncx_file);
  }
  if (!entries) {
    log::warning("contents list not read",
                 {{"book", metadata().title}, {"reason", entries.error().message()}});
  } else {
    contents_ = *std::move(entries);
  }
  for (const ContentsEntry& entry : contents_) {
    const auto chapter = chapter_of(entry.file);
    if (chapter && chapters_[*chapter].title.empty()) chapters_[*chapter].title = entry.title;
  }
}

std::optional<std::size_t> Book::chapter_of(std::string_view file) const {
  const auto found = std::find_if(chapters_.begin(), chapters_.end(),
                                  [&](const Chapter& chapter) { return chapter.file == file; });
  if (found == chapters_.end()) return std::nullopt;
  return static_cast<std::size_t>(found - chapters_.begin());
}

Result<Resource> Book::resource(std::string_view file) const {
  std::string media_type = package_.media_type_of(file);
  if (media_type.empty()) {
    return fail(ErrorKind::not_found, fmt::format("{} is not part of the book", file));
  }
  return Resource{.content = TRY(archive_.read(file)), .media_type = std::move(media_type)};
}

Result<void> Book::check() const {
  for (const ManifestItem& item : package_.items) {
    if (archive_.contains(item.file)) TRY(archive_.read(item.file));
  }
  return {};
}

}  // namespace bulkhead::services::publications
