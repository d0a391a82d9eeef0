#include "services/imodocs/domain/symbol.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/text.h"

namespace bulkhead::services::imodocs {
namespace {

constexpr std::size_t kSymbolLengthMax = 80;
constexpr std::size_t kPartsMax = 8;
constexpr std::size_t kNumberDigitsMax = 6;
constexpr std::size_t kWordLengthMax = 10;
constexpr std::string_view kLetterPrefix = "circular letter no";

// The words between slashes, in the order in which documents are listed; -1 is a plain number's
// place among them. What changes a document stands before what comes after it.
struct Word {
  std::string_view text;
  int rank;
  bool modifier;
};
constexpr std::array kWords = {
    Word{"Rev", -4, true},  Word{"Add", -3, true}, Word{"Corr", -2, true}, Word{"D", 1, false},
    Word{"INF", 2, false},  Word{"WP", 3, false},  Word{"J", 4, false},    Word{"SR", 5, false},
    Word{"MISC", 6, false}, Word{"RD", 7, false},  Word{"Circ", 8, false},
};

const Word* find_word(std::string_view text) {
  const std::string lower = to_lower_ascii(text);
  for (const Word& word : kWords) {
    if (to_lower_ascii(word.text) == lower) return &word;
  }
  return nullptr;
}

int rank_of(const SymbolPart& part) {
  const Word* word = find_word(part.word);
  return word == nullptr ? -1 : word->rank;
}

bool is_letters(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
  });
}

std::string to_upper(std::string_view text) {
  std::string upper(text);
  for (char& c : upper) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return upper;
}

std::optional<std::uint32_t> parse_number(std::string_view text) {
  if (text.empty() || text.size() > kNumberDigitsMax) return std::nullopt;
  const auto value = parse_u64(text);
  if (!value) return std::nullopt;
  return static_cast<std::uint32_t>(*value);
}

// "MSC" or "MSC.1"
std::optional<std::string> parse_body(std::string_view text) {
  const auto dotted = split_once(text, '.');
  const std::string_view name = dotted ? dotted->first : text;
  if (!is_letters(name) || name.size() > kWordLengthMax || find_word(name) != nullptr) {
    return std::nullopt;
  }
  if (!dotted) return to_upper(name);
  const auto series = parse_number(dotted->second);
  if (!series) return std::nullopt;
  return fmt::format("{}.{}", to_upper(name), *series);
}

// "101", "ES", "ES.25"
std::optional<std::string> parse_session(std::string_view text) {
  if (const auto number = parse_number(text)) return std::to_string(*number);
  const std::string upper = to_upper(text);
  if (upper == "ES") return upper;
  if (!upper.starts_with("ES.")) return std::nullopt;
  const auto number = parse_number(std::string_view(upper).substr(3));
  if (!number) return std::nullopt;
  return fmt::format("ES.{}", *number);
}

// "18", "3(a)", "INF.10", "D", "Add.2"
std::optional<SymbolPart> parse_part(std::string_view text) {
  SymbolPart part;
  if (text.size() >= 4 && text.ends_with(')') && text[text.size() - 3] == '(') {
    const char letter = text[text.size() - 2];
    if (letter < 'a' || letter > 'z') return std::nullopt;
    part.letter = letter;
    text.remove_suffix(3);
    part.number = parse_number(text);
    if (!part.number) return std::nullopt;
    return part;
  }
  if ((part.number = parse_number(text))) return part;
  const auto dotted = split_once(text, '.');
  const Word* word = find_word(dotted ? dotted->first : text);
  if (word == nullptr) return std::nullopt;
  part.word = word->text;
  if (dotted && !(part.number = parse_number(dotted->second))) return std::nullopt;
  // "Add" of what? Only decisions, journals and the like stand alone.
  if (!dotted && (word->modifier || part.word == "Circ" || part.word == "INF")) {
    return std::nullopt;
  }
  return part;
}

std::string text_of(const SymbolPart& part) {
  std::string text = part.word;
  if (part.number) {
    if (!text.empty()) text += '.';
    text += std::to_string(*part.number);
  }
  if (part.letter != 0) text += fmt::format("({})", part.letter);
  return text;
}

// Blanks, slashes and dashes part the pieces; several in a row count once.
std::vector<std::string_view> pieces_of(std::string_view text) {
  std::vector<std::string_view> pieces;
  std::size_t begin = 0;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    if (i != text.size() && text[i] != ' ' && text[i] != '/' && text[i] != '-') continue;
    if (i > begin) pieces.push_back(text.substr(begin, i - begin));
    begin = i + 1;
  }
  return pieces;
}

// Modifiers stand last, and no part stands after the symbol could be longer than any real one.
std::optional<std::vector<SymbolPart>> parse_parts(const std::vector<std::string_view>& pieces,
                                                   std::size_t first) {
  if (pieces.size() < first || pieces.size() - first > kPartsMax) return std::nullopt;
  std::vector<SymbolPart> parts;
  bool modified = false;
  for (std::size_t i = first; i < pieces.size(); ++i) {
    const auto part = parse_part(pieces[i]);
    if (!part) return std::nullopt;
    const Word* word = find_word(part->word);
    const bool modifier = word != nullptr && word->modifier;
    if (modified && !modifier) return std::nullopt;
    modified = modifier;
    parts.push_back(*part);
  }
  return parts;
}

std::uint32_t session_number(std::string_view session) {
  if (session.starts_with("ES.")) session.remove_prefix(3);
  return parse_number(session).value_or(0);
}

std::unexpected<Error> not_a_symbol(std::string_view text) {
  return fail(ErrorKind::invalid,
              fmt::format("\"{}\" is no document symbol, such as MSC 101/18/2, MEPC 70/INF.10, "
                          "MSC.1/Circ.1259 or A.1117(30)",
                          text.substr(0, kSymbolLengthMax)));
}

}  // namespace

// "Circular Letter No.3827", also "No. 3827" and as a URL segment.
bool DocumentSymbol::read_circular_letter(std::string_view text) {
  std::string_view rest = text.substr(kLetterPrefix.size());
  if (rest.starts_with('.')) rest.remove_prefix(1);
  auto parts = parse_parts(pieces_of(rest), 0);
  if (!parts || parts->empty() || !parts->front().word.empty() || parts->front().letter != 0) {
    return false;
  }
  const auto is_number = [](const SymbolPart& part) { return part.word.empty(); };
  if (std::any_of(parts->begin() + 1, parts->end(), is_number)) return false;
  kind_ = SymbolKind::circular_letter;
  parts_ = std::move(*parts);
  return true;
}

// "A.1117(30)": a body with a number, and the session in parentheses.
bool DocumentSymbol::read_resolution(const std::vector<std::string_view>& pieces) {
  const std::size_t open = pieces[0].find('(');
  const auto numbered = split_once(pieces[0].substr(0, open), '.');
  if (!numbered || !pieces[0].ends_with(')')) return false;
  const auto body = parse_body(numbered->first);
  const auto number = parse_number(numbered->second);
  const auto session = parse_session(pieces[0].substr(open + 1, pieces[0].size() - open - 2));
  auto parts = parse_parts(pieces, 1);
  if (!body || !number || !session || !parts) return false;
  kind_ = SymbolKind::resolution;
  body_ = *body;
  session_ = *session;
  parts_ = std::move(*parts);
  parts_.insert(parts_.begin(), {.word = {}, .number = number});
  return true;
}

// All before "Circ." names the bodies that issue it.
bool DocumentSymbol::read_circular(const std::vector<std::string_view>& pieces,
                                   std::size_t number_at) {
  for (std::size_t i = 0; i < number_at; ++i) {
    const auto body = parse_body(pieces[i]);
    if (!body) return false;
    body_ += (i == 0 ? "" : "-") + *body;
  }
  auto parts = parse_parts(pieces, number_at);
  if (body_.empty() || !parts) return false;
  kind_ = SymbolKind::circular;
  parts_ = std::move(*parts);
  return true;
}

bool DocumentSymbol::read_session_document(const std::vector<std::string_view>& pieces) {
  if (pieces.size() < 3) return false;
  const auto body = parse_body(pieces[0]);
  const auto session = parse_session(pieces[1]);
  auto parts = parse_parts(pieces, 2);
  if (!body || body->find('.') != std::string::npos || !session || !parts) return false;
  const Word* word = find_word(parts->front().word);
  if (word != nullptr && word->modifier) return false;
  body_ = *body;
  session_ = *session;
  parts_ = std::move(*parts);
  return true;
}

Result<DocumentSymbol> DocumentSymbol::parse(std::string_view given) {
  const std::string_view text = trim(given);
  if (text.empty() || text.size() > kSymbolLengthMax) return not_a_symbol(text);
  const std::vector<std::string_view> pieces = pieces_of(text);
  if (pieces.empty()) return not_a_symbol(text);
  std::string spaced = to_lower_ascii(text);
  std::replace(spaced.begin(), spaced.end(), '-', ' ');
  const auto circular = std::find_if(pieces.begin(), pieces.end(), [](std::string_view piece) {
    return to_lower_ascii(piece).starts_with("circ.");
  });
  DocumentSymbol symbol;
  bool read = false;
  if (spaced.starts_with(kLetterPrefix)) {
    read = symbol.read_circular_letter(text);
  } else if (pieces[0].find('(') != std::string_view::npos) {
    read = symbol.read_resolution(pieces);
  } else if (circular != pieces.end()) {
    read = symbol.read_circular(pieces, static_cast<std::size_t>(circular - pieces.begin()));
  } else {
    read = symbol.read_session_document(pieces);
  }
  if (!read) return not_a_symbol(text);
  return symbol;
}

std::string DocumentSymbol::text() const {
  std::string text;
  std::size_t first = 0;
  switch (kind_) {
    case SymbolKind::circular_letter:
      text = "Circular Letter No." + text_of(parts_.front());
      first = 1;
      break;
    case SymbolKind::resolution:
      text = fmt::format("{}.{}({})", body_, *parts_.front().number, session_);
      first = 1;
      break;
    case SymbolKind::circular: text = body_; break;
    case SymbolKind::session_document:
      // "MSC 101", but "C/ES.25"
      text = body_ + (session_.starts_with("ES") ? '/' : ' ') + session_;
      break;
  }
  for (std::size_t i = first; i < parts_.size(); ++i) text += '/' + text_of(parts_[i]);
  return text;
}

std::string DocumentSymbol::slug() const {
  std::string slug = text();
  std::replace_if(slug.begin(), slug.end(), [](char c) { return c == ' ' || c == '/'; }, '-');
  return slug;
}

std::strong_ordering DocumentSymbol::operator<=>(const DocumentSymbol& other) const {
  if (const auto order = kind_ <=> other.kind_; order != 0) return order;
  if (const auto order = body_ <=> other.body_; order != 0) return order;
  const auto mine = session_number(session_);
  if (const auto order = mine <=> session_number(other.session_); order != 0) return order;
  if (const auto order = session_ <=> other.session_; order != 0) return order;
  for (std::size_t i = 0; i < std::min(parts_.size(), other.parts_.size()); ++i) {
    const SymbolPart& a = parts_[i];
    const SymbolPart& b = other.parts_[i];
    if (const auto order = rank_of(a) <=> rank_of(b); order != 0) return order;
    if (const auto order = a.number.value_or(0) <=> b.number.value_or(0); order != 0) return order;
    if (const auto order = a.number.has_value() <=> b.number.has_value(); order != 0) return order;
    if (const auto order = a.letter <=> b.letter; order != 0) return order;
  }
  return parts_.size() <=> other.parts_.size();
}

Result<DocumentFileName> parse_file_name(std::string_view name) {
  std::string_view stem = trim(name);
  const std::size_t dot = stem.rfind('.');
  // The last dot may be the one of "INF.10": an extension is letters first.
  if (dot != std::string_view::npos && dot + 1 < stem.size()) {
    const char c = static_cast<char>(stem[dot + 1] | 0x20);
    if (c >= 'a' && c <= 'z') stem = stem.substr(0, dot);
  }
  std::optional<service::Language> language;
  stem = trim(stem);
  if (stem.size() > 3 && stem.ends_with(')') && stem[stem.size() - 3] == '(') {
    switch (stem[stem.size() - 2]) {
      case 'E': language = service::Language::en; break;
      case 'F': language = service::Language::fr; break;
      case 'S': language = service::Language::es; break;
      case 'A': language = service::Language::ar; break;
      case 'C': language = service::Language::zh; break;
      case 'R': language = service::Language::ru; break;
      default: break;
    }
    if (language) stem.remove_suffix(3);
  }
  DocumentSymbol symbol = TRY(DocumentSymbol::parse(stem));
  return DocumentFileName{std::move(symbol), language};
}

std::string file_name_of(const DocumentSymbol& symbol, service::Language language,
                         std::string_view extension) {
  static constexpr std::string_view kLetters = "EFSACR";  // in the order of service::kLanguages
  std::string name = symbol.text();
  std::replace(name.begin(), name.end(), '/', '-');
  return fmt::format("{} ({}).{}", name, kLetters[static_cast<std::size_t>(language)], extension);
}

}  // namespace bulkhead::services::imodocs
