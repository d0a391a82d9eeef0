// What an operator sees of the vault: repositories, when each was last written to, until when it is
// locked, what waits to be destroyed, and what alarmed. Nothing on it changes anything.
#pragma once

#include <string>

#include "json/value.h"
#include "vault/oversight.h"

namespace bulkhead::vault {

// A whole HTML document, without scripts; it asks for kStatusStylePath.
std::string status_page(Oversight& oversight);
inline constexpr std::string_view kStatusStylePath = "/.vault/status.css";
std::string_view status_style();
// The same for programs.
json::Value status_value(Oversight& oversight);

}  // namespace bulkhead::vault
