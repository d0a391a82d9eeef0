#include "service/messages.h"

#include <algorithm>
#include <optional>
#include <set>

#include "base/log.h"
#include "base/text.h"
#include "config/document.h"
#include "service/format.h"

namespace bulkhead::service {
namespace {

using Texts = std::map<std::string, std::string, std::less<>>;

constexpr std::string_view kPluralCategories[] = {"zero", "one", "two", "few", "many", "other"};
constexpr int kDepthMax = 8;

// The categories that whole numbers up to a million fall into (CLDR 42, plurals.xml). French and
// Spanish have a further one for exact millions, which falls back to `other`.
std::vector<std::string_view> needed_categories(Language language) {
  switch (language) {
    case Language::en:
    case Language::fr:
    case Language::es: return {"one", "other"};
    case Language::ar: return {"zero", "one", "two", "few", "many", "other"};
    case Language::zh: return {"other"};
    case Language::ru: return {"one", "few", "many", "other"};
  }
  return {"other"};
}

Result<void> flatten(const config::Table& table, const std::string& prefix, int depth, Texts& out) {
  for (const std::string& key : table.keys()) {
    const std::string full = prefix.empty() ? key : prefix + "." + key;
    auto text = table.string(key);
    if (text) {
      out[full] = *text;
      continue;
    }
    if (depth >= kDepthMax) return std::unexpected(table.error_at(key, "tables nest too deep"));
    const auto child = table.table(key);
    if (!child) return std::unexpected(table.error_at(key, "must be a text or a table of texts"));
    TRY(flatten(*child, full, depth + 1, out));
  }
  return {};
}

Result<Texts> read_texts(const EmbeddedFile& file) {
  const auto document = TRY(config::Document::parse(file.content, file.name));
  Texts texts;
  TRY(flatten(document.root(), "", 0, texts));
  return texts;
}

// The names in {braces}.
std::set<std::string> placeholders_of(std::string_view text) {
  std::set<std::string> names;
  while (true) {
    const std::size_t open = text.find('{');
    if (open == std::string_view::npos) return names;
    const std::size_t close = text.find('}', open);
    if (close == std::string_view::npos) return names;
    names.emplace(text.substr(open + 1, close - open - 1));
    text.remove_prefix(close + 1);
  }
}

// "ports.found.one" → "ports.found", where its last part is a plural category and `texts` has the
// form `other` beside it.
std::optional<std::string> plural_key_of(const Texts& texts, const std::string& key) {
  const std::size_t dot = key.rfind('.');
  if (dot == std::string::npos) return std::nullopt;
  if (std::ranges::find(kPluralCategories, std::string_view(key).substr(dot + 1)) ==
      std::end(kPluralCategories)) {
    return std::nullopt;
  }
  std::string base = key.substr(0, dot);
  if (!texts.contains(base + ".other")) return std::nullopt;
  return base;
}

void compare(const Texts& reference, Language language, const Texts& texts,
             std::vector<std::string>& problems) {
  const std::string file = "messages/" + std::string(code_of(language)) + ".toml: ";
  for (const auto& [key, text] : reference) {
    if (const auto plural = plural_key_of(reference, key)) {
      for (const std::string_view category : needed_categories(language)) {
        const std::string form = *plural + "." + std::string(category);
        if (!texts.contains(form)) problems.push_back(file + "plural form missing: " + form);
      }
      continue;
    }
    const auto found = texts.find(key);
    if (found == texts.end()) {
      problems.push_back(file + "missing: " + key);
    } else if (trim(found->second).empty()) {
      problems.push_back(file + "empty: " + key);
    } else if (placeholders_of(found->second) != placeholders_of(text)) {
      problems.push_back(file + "placeholders differ from English: " + key);
    }
  }
  for (const auto& [key, text] : texts) {
    const auto plural = plural_key_of(texts, key);
    if (!reference.contains(plural ? *plural + ".other" : key)) {
      problems.push_back(file + "not in English: " + key);
    }
  }
}

std::string fill(std::string_view text, const Arguments& arguments) {
  std::string out;
  while (true) {
    const std::size_t open = text.find('{');
    const std::size_t close = open == std::string_view::npos ? open : text.find('}', open);
    if (close == std::string_view::npos) return out.append(text);
    out.append(text.substr(0, open));
    const std::string_view name = text.substr(open + 1, close - open - 1);
    const auto found = std::ranges::find(arguments, name, &Argument::name);
    if (found == arguments.end()) {
      out.append(text.substr(open, close - open + 1));
    } else {
      out.append(found->value);
    }
    text.remove_prefix(close + 1);
  }
}

}  // namespace

Result<Catalogue> Catalogue::load(const std::vector<std::span<const EmbeddedFile>>& sources) {
  Catalogue catalogue;
  std::vector<std::string> problems;
  for (const auto& source : sources) {
    std::map<Language, Texts> texts;
    for (const Language language : kLanguages) {
      const std::string name = "messages/" + std::string(code_of(language)) + ".toml";
      const EmbeddedFile* file = find_embedded(source, name);
      if (file != nullptr) texts[language] = TRY(read_texts(*file));
    }
    if (texts.empty()) continue;
    for (const Language language : kLanguages) {
      compare(texts[Language::en], language, texts[language], problems);
    }
    for (const Language language : kLanguages) {
      for (auto& [key, text] : texts[language]) {
        if (!catalogue.texts_[language].emplace(key, std::move(text)).second) {
          problems.push_back("messages: given twice: " + key);
        }
      }
    }
  }
  if (!problems.empty()) {
    std::string all = "texts are not complete:";
    for (const std::string& problem : problems) all += "\n  " + problem;
    return fail(ErrorKind::invalid, std::move(all));
  }
  return catalogue;
}

bool Catalogue::has(std::string_view key) const {
  const auto texts = texts_.find(Language::en);
  return texts != texts_.end() && texts->second.contains(key);
}

std::string Catalogue::text(Language language, std::string_view key,
                            const Arguments& arguments) const {
  const auto texts = texts_.find(language);
  if (texts != texts_.end()) {
    const auto found = texts->second.find(key);
    if (found != texts->second.end()) return fill(found->second, arguments);
  }
  log::error("no such text in the catalogue", {{"key", std::string(key)}});
  return "⟦" + std::string(key) + "⟧";
}

std::string Catalogue::plural(Language language, std::string_view key, std::int64_t count,
                              const Arguments& arguments) const {
  Arguments all = arguments;
  all.push_back({"count", format_number(language, count)});
  const std::string exact = std::string(key) + "." + std::string(plural_category(language, count));
  const auto texts = texts_.find(language);
  const bool there = texts != texts_.end() && texts->second.contains(exact);
  return text(language, there ? exact : std::string(key) + ".other", all);
}

std::string_view plural_category(Language language, std::int64_t count) {
  const std::uint64_t n =
      count < 0 ? 0 - static_cast<std::uint64_t>(count) : static_cast<std::uint64_t>(count);
  const std::uint64_t last = n % 10;
  const std::uint64_t last_two = n % 100;
  const bool million = n != 0 && n % 1'000'000 == 0;
  switch (language) {
    case Language::en: return n == 1 ? "one" : "other";
    case Language::fr: return n <= 1 ? "one" : million ? "many" : "other";
    case Language::es: return n == 1 ? "one" : million ? "many" : "other";
    case Language::ar:
      if (n <= 2) return n == 0 ? "zero" : n == 1 ? "one" : "two";
      if (last_two >= 3 && last_two <= 10) return "few";
      return last_two >= 11 ? "many" : "other";
    case Language::zh: return "other";
    case Language::ru:
      if (last == 1 && last_two != 11) return "one";
      if (last >= 2 && last <= 4 && (last_two < 12 || last_two > 14)) return "few";
      return "many";
  }
  return "other";
}

}  // namespace bulkhead::service
