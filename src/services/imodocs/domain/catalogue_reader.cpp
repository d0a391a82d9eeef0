#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "base/clock.h"
#include "base/text.h"
#include "config/document.h"
#include "services/imodocs/domain/catalogue.h"

namespace bulkhead::services::imodocs {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kDocumentsMax = 200'000;
constexpr int kFolderDepthMax = 8;
constexpr std::string_view kMetadata = "documents.toml";
constexpr std::string_view kExtensions[] = {"pdf", "docx"};

enum class Completeness { all_six, some };

Result<Texts> read_texts(const config::Table& parent, std::string_view key, Completeness wanted) {
  const config::Table table = TRY(parent.table(key));
  Texts texts;
  for (const Language language : service::kLanguages) {
    const std::string_view code = service::code_of(language);
    if (wanted == Completeness::some && !table.has(code)) continue;
    texts[language] = TRY(table.string(code));
  }
  if (texts.empty()) return std::unexpected(parent.error_at(key, "needs a text in some language"));
  return texts;
}

Result<std::optional<std::chrono::year_month_day>> read_date(const config::Table& table,
                                                             std::string_view key) {
  const std::string text = TRY(table.string(key, ""));
  if (text.empty()) return std::nullopt;
  const auto time = from_rfc3339(text + "T00:00:00Z");
  if (!time) return std::unexpected(table.error_at(key, "must be a date such as 2020-09-30"));
  return std::chrono::year_month_day(std::chrono::floor<std::chrono::days>(*time));
}

Result<Document> read_document(const config::Table& table) {
  auto symbol = DocumentSymbol::parse(TRY(table.string("symbol")));
  if (!symbol) return std::unexpected(table.error_at("symbol", symbol.error().message()));
  Document document{.symbol = *std::move(symbol)};
  std::vector<std::string> types;
  for (int i = 0; i <= static_cast<int>(DocumentType::circular_letter); ++i) {
    types.emplace_back(name_of(static_cast<DocumentType>(i)));
  }
  document.type = *document_type_of(TRY(table.one_of("type", types)));
  document.date = TRY(read_date(table, "date"));
  document.title = TRY(read_texts(table, "title", Completeness::some));
  document.submitted_by = TRY(table.string("submitted_by", ""));
  document.sample = TRY(table.boolean("sample", false));
  return document;
}

// "MSC" of "MSC.1"; the body that a letter comes from is the organization's secretariat itself.
std::string body_of(const DocumentSymbol& symbol, const std::string& folder_body) {
  if (!folder_body.empty()) return folder_body;
  std::string body = symbol.body();
  const std::size_t dot = body.rfind('.');
  if (dot != std::string::npos) body.resize(dot);
  return body;
}

int version_rank(const LanguageVersion& version) {
  return static_cast<int>(version.language) * 2 + (version.extension == "pdf" ? 0 : 1);
}

}  // namespace

// Gathers one catalogue. What is wrong is noted, and the rest goes on.
class CatalogueReader {
 public:
  explicit CatalogueReader(Path root) : root_(std::move(root)) {}

  Result<Catalogue> read() {
    TRY(read_bodies());
    TRY(read_folder(root_, 0));
    std::sort(catalogue_.documents_.begin(), catalogue_.documents_.end(),
              [](const Document& a, const Document& b) { return a.symbol < b.symbol; });
    refuse_repeated_symbols();
    join_sessions();
    return std::move(catalogue_);
  }

 private:
  void note(std::string problem) { catalogue_.problems_.push_back(std::move(problem)); }
  Result<void> read_bodies();
  Result<void> read_folder(const Path& folder, int depth);
  Result<void> read_metadata(const Path& folder, const std::vector<Path>& files);
  void claim_files(const Path& folder, const std::vector<Path>& files,
                   std::vector<Document>& documents);
  void refuse_repeated_symbols();
  void join_sessions();

  const Path root_;
  Catalogue catalogue_;
};

Result<void> CatalogueReader::read_bodies() {
  const config::Document file = TRY(config::Document::read(root_ / "bodies.toml"));
  for (const config::Table& table : TRY(file.root().tables("body"))) {
    Body body{.code = TRY(table.string("code")),
              .name = TRY(read_texts(table, "name", Completeness::all_six))};
    catalogue_.bodies_.push_back(std::move(body));
  }
  return file.refuse_unknown_keys();
}

Result<void> CatalogueReader::read_folder(const Path& folder, int depth) {
  std::error_code failure;
  std::vector<Path> folders;
  std::vector<Path> files;
  for (auto entry = fs::directory_iterator(folder, failure);
       !failure && entry != fs::directory_iterator(); entry.increment(failure)) {
    // Symbolic links could lead out of the dataset.
    const auto status = entry->symlink_status(failure);
    if (status.type() == fs::file_type::directory) folders.push_back(entry->path());
    if (status.type() == fs::file_type::regular) files.push_back(entry->path());
  }
  if (failure) return fail_errno(failure.value(), "reading folder " + folder.string());
  std::sort(folders.begin(), folders.end());
  std::sort(files.begin(), files.end());
  if (std::find(files.begin(), files.end(), folder / kMetadata) != files.end()) {
    if (const auto read = read_metadata(folder, files); !read) note(read.error().message());
  }
  for (const Path& inner : folders) {
    if (depth == kFolderDepthMax) {
      note(inner.string() + ": folders nest too deep, it is left out");
      continue;
    }
    if (const auto read = read_folder(inner, depth + 1); !read) note(read.error().message());
  }
  return {};
}

Result<void> CatalogueReader::read_metadata(const Path& folder, const std::vector<Path>& files) {
  const config::Document file = TRY(config::Document::read(folder / kMetadata));
  const config::Table root = file.root();
  std::optional<Session> session;
  if (const auto table = TRY(root.optional_table("session"))) {
    session = Session{.body = TRY(table->string("body")), .number = TRY(table->string("number"))};
    if (table->has("title")) session->title = TRY(read_texts(*table, "title", Completeness::some));
    session->opens = TRY(read_date(*table, "opens"));
    session->closes = TRY(read_date(*table, "closes"));
  }
  const std::string folder_body = TRY(root.string("body", session ? session->body : ""));
  std::vector<Document> documents;
  for (const config::Table& table : TRY(root.tables("document"))) {
    Document document = TRY(read_document(table));
    document.body = body_of(document.symbol, folder_body);
    if (session) document.session = session->number;
    if (catalogue_.find_body(document.body) == nullptr) {
      return std::unexpected(
          table.error_at("symbol", "bodies.toml names no body \"" + document.body + "\""));
    }
    documents.push_back(std::move(document));
  }
  TRY(file.refuse_unknown_keys());
  if (catalogue_.documents_.size() + documents.size() > kDocumentsMax) {
    return fail(ErrorKind::limit, fmt::format("more than {} documents", kDocumentsMax));
  }
  claim_files(folder, files, documents);
  std::move(documents.begin(), documents.end(), std::back_inserter(catalogue_.documents_));
  if (session) catalogue_.sessions_.push_back(std::move(*session));
  return {};
}

void CatalogueReader::claim_files(const Path& folder, const std::vector<Path>& files,
                                  std::vector<Document>& documents) {
  for (const Path& path : files) {
    const std::string extension = to_lower_ascii(path.extension().string());
    const bool known =
        std::any_of(std::begin(kExtensions), std::end(kExtensions),
                    [&](std::string_view each) { return extension == "." + std::string(each); });
    if (!known) continue;
    const auto name = parse_file_name(path.filename().string());
    const auto document =
        !name ? documents.end()
              : std::find_if(documents.begin(), documents.end(),
                             [&](const Document& each) { return each.symbol == name->symbol; });
    if (document == documents.end() || !name->language) {
      note(path.string() + ": no document of " + (folder / kMetadata).string() +
           " has this symbol and language");
      continue;
    }
    std::error_code failure;
    const std::uint64_t size = fs::file_size(path, failure);
    document->versions.push_back({.language = *name->language,
                                  .file = path.lexically_relative(root_),
                                  .extension = extension.substr(1),
                                  .size_bytes = failure ? 0 : size});
  }
  for (Document& document : documents) {
    std::sort(document.versions.begin(), document.versions.end(),
              [](const auto& a, const auto& b) { return version_rank(a) < version_rank(b); });
  }
}

void CatalogueReader::refuse_repeated_symbols() {
  auto& documents = catalogue_.documents_;
  const auto same = [](const Document& a, const Document& b) { return a.symbol == b.symbol; };
  for (auto twice = std::adjacent_find(documents.begin(), documents.end(), same);
       twice != documents.end();
       twice = std::adjacent_find(documents.begin(), documents.end(), same)) {
    note(twice->symbol.text() + ": two documents have this symbol, the second is left out");
    documents.erase(twice + 1);
  }
}

void CatalogueReader::join_sessions() {
  for (Session& session : catalogue_.sessions_) {
    for (const Document& document : catalogue_.documents_) {
      if (document.body == session.body && document.session == session.number) {
        session.documents.push_back(&document);
      }
    }
  }
  std::sort(catalogue_.sessions_.begin(), catalogue_.sessions_.end(),
            [](const Session& a, const Session& b) {
              return a.opens != b.opens ? a.opens > b.opens : a.slug() < b.slug();
            });
}

Result<Catalogue> Catalogue::read(const Path& folder) { return CatalogueReader(folder).read(); }

}  // namespace bulkhead::services::imodocs
