// The six languages that every page exists in: the official languages of the United Nations.
#pragma once

#include <array>
#include <optional>
#include <string_view>

namespace bulkhead::service {

enum class Language { en, fr, es, ar, zh, ru };

// In the order of the language switch.
inline constexpr std::array<Language, 6> kLanguages = {Language::en, Language::fr, Language::es,
                                                       Language::ar, Language::zh, Language::ru};

// "en": the first segment of every page's path, and the value of the lang attribute.
std::string_view code_of(Language language);
// "English", "Français" and so on: a language is named in itself.
std::string_view native_name_of(Language language);
// "ltr" or "rtl".
std::string_view direction_of(Language language);

// "fr" only, not "fr-FR" nor "FR".
std::optional<Language> language_from_code(std::string_view code);

// The best of the six for an Accept-Language header (RFC 9110 section 12.5.4): by quality, then by
// order; "fr-CA" counts as "fr". English where nothing fits.
Language negotiate_language(std::string_view accept_language);

}  // namespace bulkhead::service
