// Texts as they are compared where case and accents do not matter, in any script.
#pragma once

#include <string>
#include <string_view>

namespace bulkhead::search {

// "Île" → "ile", "ПОРТ" → "порт", "Straße" → "strasse". What is not UTF-8 becomes U+FFFD.
std::string fold_case_and_accents(std::string_view text);

}  // namespace bulkhead::search
