// Letters without their accents and vowel signs: "sécurité" → "securite", "مُحَمَّد" → "محمد".
#pragma once

#include <string>
#include <string_view>

namespace bulkhead::search::internal {

// Bytes that are not UTF-8 become U+FFFD.
std::string fold_accents(std::string_view text);

}  // namespace bulkhead::search::internal
