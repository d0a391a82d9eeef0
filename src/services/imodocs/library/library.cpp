#include "services/imodocs/library/library.h"

#include <algorithm>
#include <map>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include "base/log.h"
#include "json/value.h"

namespace bulkhead::services::imodocs {
namespace {

constexpr std::size_t kStateSizeMax = 64 * 1024 * 1024;
// Changes with what is put into the index, so that an older one is made anew.
constexpr std::string_view kIndexForm = "1";

using States = std::map<std::string, std::string>;  // id of a version → state of its file

std::string id_of(const Document& document, const LanguageVersion& version) {
  return fmt::format("{}:{}:{}", document.symbol.slug(), service::code_of(version.language),
                     version.extension);
}

// Also of the title and the date, which are in the index too.
Result<std::string> state_of(const Path& root, const Document& document,
                             const LanguageVersion& version) {
  const Path path = root / version.file;
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0) return fail_errno(errno, path.string());
  std::string state =
      fmt::format("{} {} {}.{:09} {}", kIndexForm, status.st_size, status.st_mtim.tv_sec,
                  status.st_mtim.tv_nsec, choose(document.title, version.language).text);
  state += fmt::format(" {} {} {}", document.body, document.session, name_of(document.type));
  return state;
}

// What cannot be read is as if it were not there: everything is put into the index again.
States read_states(const Path& file) {
  States states;
  const auto text = read_text_file(file, kStateSizeMax);
  if (!text) return states;
  const auto parsed = json::parse(*text);
  if (!parsed || !parsed->is_object()) return states;
  for (const json::Member& member : parsed->object()->members()) {
    if (const std::string* state = member.value.string()) states[member.key] = *state;
  }
  return states;
}

Result<void> write_states(const Path& file, const States& states) {
  std::vector<json::Member> members;
  for (const auto& [id, state] : states) members.push_back({id, state});
  return write_file_atomic(file, as_bytes(json::write(json::Object(std::move(members)))));
}

std::int64_t day_number(const Document& document) {
  if (!document.date) return 0;
  return std::chrono::sys_days(*document.date).time_since_epoch().count();
}

Result<void> check_file(const Path& path, const LanguageVersion& version) {
  const FileDescriptor file = TRY(open_file(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  Bytes start(5);
  const std::size_t got = TRY(read_some(file.get(), start));
  const std::string_view begins = as_text({start.data(), got});
  const bool right =
      version.extension == "pdf" ? begins == "%PDF-" : begins.starts_with("PK\x03\x04");
  if (right) return {};
  return fail(ErrorKind::corrupt, path.string() + " is no " + version.extension + " file");
}

}  // namespace

Result<std::unique_ptr<Library>> Library::open(const Path& data, const TextExtractor& extractor) {
  Catalogue catalogue = TRY(Catalogue::read(data / "documents"));
  for (const std::string& problem : catalogue.problems()) {
    log::warning("document left out", {{"problem", problem}});
  }
  std::unique_ptr<Library> library(new Library(data, std::move(catalogue)));
  TRY(library->open_index());
  TRY(library->bring_index_up_to_date(extractor));
  return library;
}

Result<void> Library::open_index() {
  const Path folder = data_ / ".index";
  auto index = search::Index::open(folder);
  if (!index && index.error().kind() == ErrorKind::corrupt) {
    log::warning("making the index anew", {{"problem", index.error().message()}});
    TRY(remove_tree(folder));
    TRY(remove_tree(data_ / ".index-state"));
    index = search::Index::open(folder);
  }
  if (!index) return std::unexpected(index.error());
  index_ = std::move(*index);
  return {};
}

Result<void> Library::bring_index_up_to_date(const TextExtractor& extractor) {
  const Path state_file = data_ / ".index-state";
  const Path root = data_ / "documents";
  States before = TRY(index_->document_count()) == 0 ? States() : read_states(state_file);
  States after;
  std::size_t changed = 0;
  for (const Document& document : catalogue_.documents()) {
    for (const LanguageVersion& version : document.versions) {
      const std::string id = id_of(document, version);
      std::string state = TRY(state_of(root, document, version));
      const auto known = before.find(id);
      if (known == before.end() || known->second != state) {
        TRY(put(document, version, extractor));
        ++changed;
      }
      after.emplace(id, std::move(state));
      before.erase(id);
    }
  }
  for (const auto& [id, state] : before) TRY(index_->remove(id));
  if (changed == 0 && before.empty()) return {};
  TRY(index_->commit());
  TRY(write_states(state_file, after));
  log::info("index is up to date", {{"files", std::to_string(after.size())},
                                    {"put", std::to_string(changed)},
                                    {"removed", std::to_string(before.size())},
                                    {"unreadable", std::to_string(unreadable_count_)}});
  return {};
}

Result<void> Library::put(const Document& document, const LanguageVersion& version,
                          const TextExtractor& extractor) {
  std::string text;
  if (version.extension == "pdf") {
    auto extracted = extractor.extract(data_ / "documents" / version.file);
    if (extracted) {
      text = *std::move(extracted);
    } else {
      ++unreadable_count_;
      log::warning("its words cannot be searched",
                   {{"file", version.file.string()}, {"problem", extracted.error().message()}});
    }
  }
  text.resize(std::min(text.size(), search::kTextSizeMax));
  search::Document indexed{
      .id = id_of(document, version),
      .language = std::string(service::code_of(version.language)),
      .title = document.symbol.text() + " – " +
               std::string(choose(document.title, version.language).text),
      .text = std::move(text),
      .facets = {{"body", document.body},
                 {"type", std::string(name_of(document.type))},
                 {"language", std::string(service::code_of(version.language))}},
      .stored = {{"slug", document.symbol.slug()}},
      .sort_value = day_number(document)};
  if (!document.session.empty()) {
    indexed.facets.emplace_back("session", document.body + "-" + document.session);
  }
  return index_->put(indexed);
}

Result<search::Answer> Library::search(const SearchRequest& request, Language reader) const {
  search::Query query{
      .text = request.text,
      .language = std::string(service::code_of(reader)),
      .offset = request.offset,
      .limit = request.limit,
      .order = request.text.empty() ? search::Order::newest_first : search::Order::best_first,
      .count_facets = {"body", "session", "type", "language"}};
  const std::pair<std::string_view, const std::string&> filters[] = {
      {"body", request.body},
      {"session", request.session},
      {"type", request.type},
      {"language", request.language}};
  for (const auto& [name, value] : filters) {
    if (!value.empty()) query.filters.emplace_back(name, value);
  }
  return index_->search(query);
}

Result<FileDescriptor> Library::open_version(const LanguageVersion& version) const {
  return open_file(data_ / "documents" / version.file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
}

Result<void> Library::check_ready() const {
  TRY(index_->document_count());
  return {};
}

Result<void> Library::check_integrity() const {
  if (!catalogue_.problems().empty()) {
    return fail(ErrorKind::corrupt,
                fmt::format("{} problems in the documents' metadata, the first: {}",
                            catalogue_.problems().size(), catalogue_.problems().front()));
  }
  std::size_t files = 0;
  for (const Document& document : catalogue_.documents()) {
    for (const LanguageVersion& version : document.versions) {
      TRY(check_file(data_ / "documents" / version.file, version));
      ++files;
    }
  }
  if (const std::uint64_t indexed = TRY(index_->document_count()); indexed != files) {
    return fail(ErrorKind::corrupt,
                fmt::format("{} files, but {} in the search index", files, indexed));
  }
  return index_->check_integrity();
}

}  // namespace bulkhead::services::imodocs
