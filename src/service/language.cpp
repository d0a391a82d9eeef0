#include "service/language.h"

#include <algorithm>
#include <vector>

#include "base/check.h"
#include "base/text.h"

namespace bulkhead::service {
namespace {

struct LanguageFacts {
  Language language;
  std::string_view code;
  std::string_view native_name;
  std::string_view direction;
};

constexpr LanguageFacts kFacts[] = {
    {Language::en, "en", "English", "ltr"}, {Language::fr, "fr", "Français", "ltr"},
    {Language::es, "es", "Español", "ltr"}, {Language::ar, "ar", "العربية", "rtl"},
    {Language::zh, "zh", "中文", "ltr"},    {Language::ru, "ru", "Русский", "ltr"},
};

const LanguageFacts& facts_of(Language language) {
  const auto* found = std::ranges::find(kFacts, language, &LanguageFacts::language);
  CHECK(found != std::end(kFacts));
  return *found;
}

// Browsers send a handful; more is noise.
constexpr std::size_t kRangesMax = 32;

// "q=0.8" in thousandths; what is malformed counts as nothing wanted.
int quality_of(std::string_view parameter) {
  parameter = trim(parameter);
  if (!parameter.starts_with("q=") && !parameter.starts_with("Q=")) return 1000;
  parameter.remove_prefix(2);
  const auto parts = split_once(parameter, '.');
  const std::string_view whole = parts ? parts->first : parameter;
  if (whole == "1") return 1000;
  if (whole != "0" || !parts) return 0;
  const std::string_view fraction = parts->second.substr(0, 3);
  const auto digits = parse_u64(fraction);
  if (!digits) return 0;
  int thousandths = static_cast<int>(*digits);
  for (std::size_t i = fraction.size(); i < 3; ++i) thousandths *= 10;
  return thousandths;
}

}  // namespace

std::string_view code_of(Language language) { return facts_of(language).code; }
std::string_view native_name_of(Language language) { return facts_of(language).native_name; }
std::string_view direction_of(Language language) { return facts_of(language).direction; }

std::optional<Language> language_from_code(std::string_view code) {
  const auto* found = std::ranges::find(kFacts, code, &LanguageFacts::code);
  if (found == std::end(kFacts)) return std::nullopt;
  return found->language;
}

Language negotiate_language(std::string_view accept_language) {
  Language best = Language::en;
  int best_quality = 0;
  std::size_t seen = 0;
  for (const std::string_view range : split(accept_language, ',')) {
    if (++seen > kRangesMax) break;
    const auto parts = split_once(range, ';');
    const std::string tag = to_lower_ascii(trim(parts ? parts->first : range));
    const int quality = parts ? quality_of(parts->second) : 1000;
    const auto language = language_from_code(std::string_view(tag).substr(0, tag.find('-')));
    if (language && quality > best_quality) {
      best = *language;
      best_quality = quality;
    }
  }
  return best;
}

}  // namespace bulkhead::service
