// Names that extortionists give: to the files that they encrypted, and to the note that they leave.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace bulkhead::analysis {

// Why the file's name is a sign, or nothing. `path` may hold folders; case does not matter.
std::optional<std::string> ransom_sign_in_name(std::string_view path);

}  // namespace bulkhead::analysis
