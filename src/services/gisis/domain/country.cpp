#include "services/gisis/domain/country.h"

#include <map>
#include <vector>

#include <unicode/uloc.h>
#include <unicode/ustring.h>

#include "base/text.h"

namespace bulkhead::services::gisis {
namespace {

using Names = std::map<std::string, std::string, std::less<>>;

// Names that the United Nations or ship registers use and CLDR does not.
constexpr std::pair<std::string_view, std::string_view> kOtherNames[] = {
    {"antigua and barbuda", "AG"},
    {"bolivia (plurinational state of)", "BO"},
    {"bosnia and herzegovina", "BA"},
    {"brunei darussalam", "BN"},
    {"cabo verde", "CV"},
    {"congo", "CG"},
    {"cote d'ivoire", "CI"},
    {"czech republic", "CZ"},
    {"democratic people's republic of korea", "KP"},
    {"democratic republic of the congo", "CD"},
    {"hong kong, china", "HK"},
    {"hong kong", "HK"},
    {"iran (islamic republic of)", "IR"},
    {"ivory coast", "CI"},
    {"lao people's democratic republic", "LA"},
    {"macao, china", "MO"},
    {"micronesia (federated states of)", "FM"},
    {"myanmar", "MM"},
    {"netherlands (kingdom of the)", "NL"},
    {"netherlands (kingdom of)", "NL"},
    {"republic of korea", "KR"},
    {"republic of moldova", "MD"},
    {"russian federation", "RU"},
    {"saint kitts and nevis", "KN"},
    {"saint lucia", "LC"},
    {"saint vincent and the grenadines", "VC"},
    {"sao tome and principe", "ST"},
    {"state of palestine", "PS"},
    {"syrian arab republic", "SY"},
    {"taiwan, province of china", "TW"},
    {"the netherlands", "NL"},
    {"trinidad and tobago", "TT"},
    {"turkey", "TR"},
    {"turkiye", "TR"},
    {"türkiye", "TR"},
    {"united kingdom of great britain and northern ireland", "GB"},
    {"united republic of tanzania", "TZ"},
    {"united states of america", "US"},
    {"venezuela (bolivarian republic of)", "VE"},
    {"viet nam", "VN"},
};

std::optional<std::string> display_name(std::string_view code, std::string_view language) {
  const std::string locale = "und_" + std::string(code);
  UChar name[160];
  UErrorCode status = U_ZERO_ERROR;
  const int32_t length =
      uloc_getDisplayCountry(locale.c_str(), std::string(language).c_str(), name, 160, &status);
  if (U_FAILURE(status) || status == U_USING_DEFAULT_WARNING) return std::nullopt;
  char utf8[640];
  int32_t size = 0;
  u_strToUTF8(utf8, sizeof utf8, &size, name, length, &status);
  if (U_FAILURE(status)) return std::nullopt;
  return std::string(utf8, static_cast<std::size_t>(size));
}

// Lower-case names and codes as they are → alpha-2.
const Names& known_names() {
  static const Names names = [] {
    Names made;
    for (const auto& [name, code] : kOtherNames) made.emplace(name, code);
    for (const char* const* code = uloc_getISOCountries(); *code != nullptr; ++code) {
      made.emplace(*code, *code);
      const std::string three = uloc_getISO3Country((std::string("und_") + *code).c_str());
      if (!three.empty()) made.emplace(three, *code);
      if (const auto name = display_name(*code, "en")) made.emplace(to_lower_ascii(*name), *code);
    }
    return made;
  }();
  return names;
}

// Codes that ISO 3166 has withdrawn stay in ICU's list of names.
bool is_withdrawn(std::string_view code) { return code == "AN" || code == "CS" || code == "SU"; }

}  // namespace

std::optional<std::string> country_code_of(std::string_view text) {
  text = trim(text);
  const Names& names = known_names();
  auto found = names.find(text);
  if (found == names.end()) found = names.find(to_lower_ascii(text));
  if (found == names.end() || is_withdrawn(found->second)) return std::nullopt;
  return found->second;
}

std::string country_name(std::string_view code, service::Language language) {
  if (code.size() != 2) return std::string(code);
  return display_name(code, service::code_of(language)).value_or(std::string(code));
}

}  // namespace bulkhead::services::gisis
