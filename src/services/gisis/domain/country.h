// Countries by their ISO 3166-1 alpha-2 codes, named in the six languages by ICU's data.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "service/language.h"

namespace bulkhead::services::gisis {

// From an alpha-2 or alpha-3 code, or an English name, also as the United Nations write it
// ("Venezuela (Bolivarian Republic of)"). Case does not matter for names; codes are capitals.
std::optional<std::string> country_code_of(std::string_view text);
// The code itself where there is no such country.
std::string country_name(std::string_view code, service::Language language);

}  // namespace bulkhead::services::gisis
