// Small questions about text that the standard library of our compilers does not answer yet.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bulkhead {

// ASCII white space only.
std::string_view trim(std::string_view text);
std::string to_lower_ascii(std::string_view text);
std::vector<std::string_view> split(std::string_view text, char separator);
// Before and after the first separator; nullopt where there is none.
std::optional<std::pair<std::string_view, std::string_view>> split_once(std::string_view text,
                                                                        char separator);
// Decimal digits only, no sign, no white space, and no overflow.
std::optional<std::uint64_t> parse_u64(std::string_view text);
bool is_valid_utf8(std::string_view text);
// Text content and attribute values alike: & < > " '
std::string escape_html(std::string_view text);

}  // namespace bulkhead
