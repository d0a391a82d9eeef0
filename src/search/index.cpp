#include "search/index.h"

#include <algorithm>
#include <cctype>
#include <exception>
#include <mutex>
#include <set>
#include <sstream>

#include <fmt/format.h>

#include "base/guarded.h"
#include "search/internal/fold.h"
#include "search/internal/record.h"

namespace bulkhead::search {
namespace {

constexpr std::size_t kQuerySizeMax = 1024;
// Matches are counted exactly up to here, and estimated beyond.
constexpr Xapian::doccount kCountedMax = 10'000;
constexpr std::size_t kSnippetLength = 280;
constexpr std::size_t kIdleReadersMax = 16;
// A search that the writer has overtaken is begun anew, and at last while the writer waits.
constexpr int kFreeAttemptsMax = 3;
constexpr std::uint64_t kSuggestBelow = 3;

std::unexpected<Error> failure(const Xapian::Error& error, const Path& folder) {
  const std::string type = error.get_type();
  const ErrorKind kind = type == "DatabaseLockError"       ? ErrorKind::unavailable
                         : type == "DatabaseCorruptError"  ? ErrorKind::corrupt
                         : type == "DatabaseOpeningError"  ? ErrorKind::corrupt
                         : type == "DatabaseNotFoundError" ? ErrorKind::corrupt
                         : type == "DatabaseVersionError"  ? ErrorKind::corrupt
                                                           : ErrorKind::internal;
  return fail(kind, fmt::format("search index {}: {}", folder.filename().native(),
                                error.get_description()));
}

// The one place where Xapian's exceptions end.
template <typename Work>
auto guarded(const Path& folder, Work work) -> decltype(work()) {
  try {
    return work();
  } catch (const Xapian::Error& error) {
    return failure(error, folder);
  } catch (const std::exception& error) {
    return fail(ErrorKind::internal,
                fmt::format("search index {}: {}", folder.filename().native(), error.what()));
  }
}

// Counts the values of one slot, of which a document may have several.
class FacetCounter final : public Xapian::MatchSpy {
 public:
  explicit FacetCounter(Xapian::valueno slot) : slot_(slot) {}
  void operator()(const Xapian::Document& document, double) override {
    std::string_view values;
    const std::string all = document.get_value(slot_);
    values = all;
    while (!values.empty()) {
      const std::size_t end = values.find(internal::kFacetSeparator);
      ++counts_[std::string(values.substr(0, end))];
      if (end == std::string_view::npos) return;
      values.remove_prefix(end + 1);
    }
  }
  const std::map<std::string, std::uint64_t>& counts() const { return counts_; }

 private:
  const Xapian::valueno slot_;
  std::map<std::string, std::uint64_t> counts_;
};

std::string slot_key(std::string_view name) { return "slot:" + std::string(name); }

struct Parsed {
  Xapian::Query query;
  std::string suggestion;
};

// A word of a found text, stemmed as it was found: as it stands, or by its form without accents,
// under which the index holds it as well. Without this a snippet marks only the former.
class FoundStem final : public Xapian::StemImplementation {
 public:
  FoundStem(std::string_view language, const std::set<std::string>& query_terms)
      : base_(internal::stemmer_of(language)), query_terms_(query_terms) {}
  std::string operator()(const std::string& word) override {
    std::string stem = base_(word);
    if (query_terms_.contains("Z" + stem)) return stem;
    const std::string folded = internal::fold_accents(word);
    if (folded == word) return stem;
    // The whole word is a term too, where another language's stemmer left it alone.
    return query_terms_.contains("Z" + folded) ? folded : base_(folded);
  }
  std::string get_description() const override { return "FoundStem"; }

 private:
  const Xapian::Stem base_;
  const std::set<std::string>& query_terms_;
};

// The parser takes a word with a capital for a name and does not stem it; visitors mean nothing by
// it.
std::string lower_case(std::string_view text) {
  std::string out;
  for (Xapian::Utf8Iterator at(text.data(), text.size()); at != Xapian::Utf8Iterator(); ++at) {
    Xapian::Unicode::append_utf8(out, Xapian::Unicode::tolower(*at));
  }
  return out;
}

// Letters and digits only; what ASCII has for operators becomes a space.
std::string plain_words(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    const bool ascii = static_cast<unsigned char>(c) < 0x80;
    if (ascii && std::isalnum(static_cast<unsigned char>(c)) == 0) c = ' ';
  }
  return out;
}

// The parser refuses some texts whatever its flags; a visitor gets plain words then, or nothing.
Xapian::Query parse_words(Xapian::QueryParser& parser, const std::string& text) {
  constexpr unsigned kPlain = Xapian::QueryParser::FLAG_CJK_NGRAM;
  constexpr unsigned kRich = kPlain | Xapian::QueryParser::FLAG_PHRASE |
                             Xapian::QueryParser::FLAG_LOVEHATE |
                             Xapian::QueryParser::FLAG_SPELLING_CORRECTION;
  try {
    return parser.parse_query(text, kRich);
  } catch (const Xapian::QueryParserError&) {
    try {
      return parser.parse_query(plain_words(text), kPlain);
    } catch (const Xapian::QueryParserError&) {
      return Xapian::Query::MatchNothing;
    }
  }
}

Parsed parse(const Query& query, const Xapian::Database& database) {
  const std::string text = lower_case(query.text.substr(0, kQuerySizeMax));
  if (text.find_first_not_of(" \t\r\n") == std::string::npos) return {Xapian::Query::MatchAll, ""};
  Xapian::QueryParser parser;
  parser.set_database(database);
  parser.set_default_op(Xapian::Query::OP_AND);
  parser.set_stemmer(internal::stemmer_of(query.language));
  parser.set_stemming_strategy(Xapian::QueryParser::STEM_SOME);
  const Xapian::Query stemmed = parse_words(parser, text);
  const std::string suggestion = parser.get_corrected_query_string();
  // The words as they stand, too: exact forms rank higher, and words of another language are found.
  parser.set_stemming_strategy(Xapian::QueryParser::STEM_NONE);
  const Xapian::Query exact = parse_words(parser, text);
  return {Xapian::Query(Xapian::Query::OP_OR, stemmed, exact), suggestion};
}

Xapian::Query with_filters(Xapian::Query query, const Query& asked) {
  std::map<std::string, std::vector<Xapian::Query>> by_name;
  for (const auto& [name, value] : asked.filters) {
    by_name[name].emplace_back(internal::facet_term(name, value));
  }
  for (const auto& [name, alternatives] : by_name) {
    const Xapian::Query any(Xapian::Query::OP_OR, alternatives.begin(), alternatives.end());
    query = Xapian::Query(Xapian::Query::OP_FILTER, query, any);
  }
  return query;
}

// Chinese is matched by the character, and read by the word.
void join_marks(std::string& snippet_html) {
  constexpr std::string_view kBetween = "</mark><mark>";
  for (std::size_t at = snippet_html.find(kBetween); at != std::string::npos;
       at = snippet_html.find(kBetween, at)) {
    snippet_html.erase(at, kBetween.size());
  }
}

class XapianIndex final : public Index {
 public:
  explicit XapianIndex(Path folder) : folder_(std::move(folder)) {}

  Result<void> put(const Document& document) override;
  Result<void> remove(std::string_view id) override;
  Result<void> clear() override;
  Result<void> commit() override;
  Result<Answer> search(const Query& query) const override;
  Result<std::uint64_t> document_count() const override;
  Result<void> check_integrity() const override;
  Result<void> copy_to(const Path& folder) override;

  Result<void> create_or_open();

 private:
  Xapian::WritableDatabase& writer();
  Xapian::valueno slot_for(const std::string& name);
  Answer search_once(const Query& query, Xapian::Database& database) const;
  // nullopt: none is idle.
  std::optional<Xapian::Database> take_reader() const;

  const Path folder_;
  mutable std::mutex writer_lock_;
  std::unique_ptr<Xapian::WritableDatabase> writer_;  // opened by the first change
  mutable Guarded<std::vector<Xapian::Database>> idle_readers_;
};

Result<void> XapianIndex::create_or_open() {
  return guarded(folder_, [&]() -> Result<void> {
    if (!std::filesystem::exists(folder_)) {
      TRY(make_directories(folder_.parent_path()));
      const Xapian::WritableDatabase created(folder_.native(),
                                             Xapian::DB_CREATE | Xapian::DB_BACKEND_GLASS);
    }
    const Xapian::Database readable(folder_.native());
    return {};
  });
}

Xapian::WritableDatabase& XapianIndex::writer() {
  if (!writer_) {
    writer_ = std::make_unique<Xapian::WritableDatabase>(folder_.native(), Xapian::DB_OPEN);
  }
  return *writer_;
}

Xapian::valueno XapianIndex::slot_for(const std::string& name) {
  const std::string known = writer().get_metadata(slot_key(name));
  if (!known.empty()) return static_cast<Xapian::valueno>(std::stoul(known));
  const std::string count = writer().get_metadata("slots");
  const auto slot = static_cast<Xapian::valueno>(count.empty() ? 1 : std::stoul(count) + 1);
  writer().set_metadata("slots", std::to_string(slot));
  writer().set_metadata(slot_key(name), std::to_string(slot));
  return slot;
}

Result<void> XapianIndex::put(const Document& document) {
  if (document.text.size() > kTextSizeMax) {
    return fail(ErrorKind::limit, fmt::format("{}: {} bytes of text are more than {}", document.id,
                                              document.text.size(), kTextSizeMax));
  }
  const std::lock_guard lock(writer_lock_);
  return guarded(folder_, [&]() -> Result<void> {
    Xapian::Document record = internal::make_record(document, writer());
    std::map<std::string, std::string> joined;
    joined["language"] = document.language;
    for (const auto& [name, value] : document.facets) {
      std::string& values = joined[name];
      if (!values.empty()) values += internal::kFacetSeparator;
      values += value;
    }
    for (const auto& [name, values] : joined) record.add_value(slot_for(name), values);
    writer().replace_document(internal::id_term(document.id), record);
    return {};
  });
}

Result<void> XapianIndex::remove(std::string_view id) {
  const std::lock_guard lock(writer_lock_);
  return guarded(folder_, [&]() -> Result<void> {
    writer().delete_document(internal::id_term(id));
    return {};
  });
}

Result<void> XapianIndex::clear() {
  const std::lock_guard lock(writer_lock_);
  return guarded(folder_, [&]() -> Result<void> {
    std::vector<Xapian::docid> all;
    for (auto at = writer().postlist_begin(""); at != writer().postlist_end(""); ++at) {
      all.push_back(*at);
    }
    for (const Xapian::docid id : all) writer().delete_document(id);
    return {};
  });
}

Result<void> XapianIndex::commit() {
  const std::lock_guard lock(writer_lock_);
  return guarded(folder_, [&]() -> Result<void> {
    if (writer_) writer_->commit();
    return {};
  });
}

std::optional<Xapian::Database> XapianIndex::take_reader() const {
  return idle_readers_.with([](auto& readers) -> std::optional<Xapian::Database> {
    if (readers.empty()) return std::nullopt;
    // Moved, since copies would share a count that is not thread-safe.
    std::optional<Xapian::Database> last(std::move(readers.back()));
    readers.pop_back();
    return last;
  });
}

Answer XapianIndex::search_once(const Query& query, Xapian::Database& database) const {
  Parsed parsed = parse(query, database);
  Xapian::Enquire enquire(database);
  enquire.set_query(with_filters(parsed.query, query));
  if (query.order == Order::newest_first || query.text.empty()) {
    enquire.set_sort_by_value_then_relevance(internal::kSortSlot, true);
  }
  std::map<std::string, std::unique_ptr<FacetCounter>> counters;
  for (const std::string& name : query.count_facets) {
    const std::string slot = database.get_metadata(slot_key(name));
    if (slot.empty() || counters.contains(name)) continue;
    const auto number = static_cast<Xapian::valueno>(std::stoul(slot));
    auto& counter = counters[name] = std::make_unique<FacetCounter>(number);
    enquire.add_matchspy(counter.get());
  }
  const auto limit = static_cast<Xapian::doccount>(std::min(query.limit, kResultsMax));
  const auto offset =
      static_cast<Xapian::doccount>(std::min<std::size_t>(query.offset, database.get_doccount()));
  const Xapian::MSet matches = enquire.get_mset(offset, limit, kCountedMax);

  const std::set<std::string> query_terms(parsed.query.get_terms_begin(),
                                          parsed.query.get_terms_end());
  Answer answer;
  answer.total = matches.get_matches_estimated();
  for (auto match = matches.begin(); match != matches.end(); ++match) {
    auto data = internal::decode_data(match.get_document().get_data());
    if (!data) throw Xapian::DatabaseCorruptError(data.error().message());
    std::string snippet = matches.snippet(
        data->text, kSnippetLength, Xapian::Stem(new FoundStem(data->language, query_terms)),
        Xapian::MSet::SNIPPET_BACKGROUND_MODEL | Xapian::MSet::SNIPPET_CJK_NGRAM, "<mark>",
        "</mark>", "…");
    join_marks(snippet);
    answer.hits.push_back({.id = std::move(data->id),
                           .language = std::move(data->language),
                           .title = std::move(data->title),
                           .snippet_html = std::move(snippet),
                           .stored = std::move(data->stored)});
  }
  for (const auto& [name, counter] : counters) answer.facets[name] = counter->counts();
  if (answer.total < kSuggestBelow) answer.suggestion = std::move(parsed.suggestion);
  return answer;
}

Result<Answer> XapianIndex::search(const Query& query) const {
  return guarded(folder_, [&]() -> Result<Answer> {
    std::optional<Xapian::Database> database = take_reader();
    std::unique_lock writer_waits(writer_lock_, std::defer_lock);
    for (int attempt = 1;; ++attempt) {
      try {
        if (database) {
          database->reopen();
        } else {
          database.emplace(folder_.native());
        }
        Answer answer = search_once(query, *database);
        idle_readers_.with([&](auto& readers) {
          if (readers.size() < kIdleReadersMax) readers.push_back(std::move(*database));
        });
        return answer;
      } catch (const Xapian::DatabaseModifiedError&) {
        if (writer_waits) throw;
        if (attempt == kFreeAttemptsMax) writer_waits.lock();
      }
    }
  });
}

Result<std::uint64_t> XapianIndex::document_count() const {
  return guarded(folder_, [&]() -> Result<std::uint64_t> {
    return Xapian::Database(folder_.native()).get_doccount();
  });
}

Result<void> XapianIndex::check_integrity() const {
  return guarded(folder_, [&]() -> Result<void> {
    std::ostringstream report;
    const std::size_t faults = Xapian::Database::check(folder_.native(), 0, &report);
    if (faults == 0) return {};
    return fail(ErrorKind::corrupt, fmt::format("search index {}: {} faults: {}",
                                                folder_.filename().native(), faults, report.str()));
  });
}

Result<void> XapianIndex::copy_to(const Path& folder) {
  TRY(commit());
  TRY(remove_tree(folder));
  TRY(make_directories(folder.parent_path()));
  return guarded(folder_, [&]() -> Result<void> {
    Xapian::Database(folder_.native()).compact(folder.native());
    return {};
  });
}

}  // namespace

Result<std::unique_ptr<Index>> Index::open(const Path& folder) {
  auto index = std::make_unique<XapianIndex>(folder);
  TRY(index->create_or_open());
  return index;
}

}  // namespace bulkhead::search
